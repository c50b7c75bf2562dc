/* SPDX-License-Identifier: Apache-2.0 */
/* What every cluster has from the start. BLOCKS; may run on every start. */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#include "registry/registry.h"

/* The system namespaces, and Service and Endpoints `kubernetes` in default, pointing at address:port. */
int bootstrap(struct registry *r, const char *address, int port, struct err *err) MUST_CHECK;

#endif
