/* SPDX-License-Identifier: Apache-2.0 */
/* A filter that indents compact JSON by two spaces, fed piece by piece; keeps no tree. The input must be
 * valid JSON. */
#ifndef REST_PRETTY_H
#define REST_PRETTY_H

#include "base/buf.h"

struct pretty {
	int depth;
	bool in_string, escaped, opened;
};
void pretty_feed(struct pretty *s, struct buf *out, const char *p, size_t n);

#endif
