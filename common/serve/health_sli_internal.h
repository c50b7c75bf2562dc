/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of health pages have said so far, for /metrics/slis. Any thread. */
#ifndef SERVE_HEALTH_SLI_INTERNAL_H
#define SERVE_HEALTH_SLI_INTERNAL_H

#include "base/buf.h"

/* A check was run for a page as a whole. Both texts are static; `page` is "healthz", "livez" or "readyz". */
void health_sli_note(const char *check, const char *page, bool ok);
void health_sli_write(struct buf *out);

#endif
