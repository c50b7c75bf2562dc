/* SPDX-License-Identifier: Apache-2.0 */
/* Where webhooks are: what those of admission and those of CustomResourceDefinitions may say. Pure, any thread. */
#ifndef KINDS_WEBHOOK_CLIENT_H
#define KINDS_WEBHOOK_CLIENT_H

#include "kinds/strategy.h"

/* Of a clientConfig: one of url and service, and of a form that can be called. */
void webhook_client_check(const js *config, const char *path, struct field_errors *errs);

#endif
