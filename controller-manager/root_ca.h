/* SPDX-License-Identifier: Apache-2.0 */
/* What the root CA publisher publishes. */
#ifndef ROOT_CA_H
#define ROOT_CA_H

#include "base/err.h"

/* Before the controllers start: a bundle in PEM; NULL = there is none, and nothing is published. */
void root_ca_set(const char *pem);
/* The same from a file. */
int root_ca_load(const char *path, struct err *err) MUST_CHECK;

#endif
