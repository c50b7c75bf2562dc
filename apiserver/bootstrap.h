/* SPDX-License-Identifier: Apache-2.0 */
/* What every cluster has from the start. BLOCKS; may run on every start. */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#include "rest/api.h"

/* The system namespaces, and Service and Endpoints `kubernetes` in default, pointing at address:port. */
int bootstrap(struct api *api, const char *address, int port, struct err *err) MUST_CHECK;

#endif
