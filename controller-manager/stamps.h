/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times by name, shared between a controller's event handlers and its workers: when a node was last heard of, since when
 * a Pod's time runs. Any thread.
 */
#ifndef STAMPS_H
#define STAMPS_H

#include "controller/controller.h"

struct stamps;
/* Fit into a controller's row, as its state. */
void *stamps_new(struct informer **informers, struct workqueue *q);
void stamps_free(void *stamps);

void stamps_set(struct stamps *s, const char *name, int64_t ns);
/* Unless there is one already. */
bool stamps_keep(struct stamps *s, const char *name, int64_t ns); /* false: there was one */
bool stamps_del(struct stamps *s, const char *name);		  /* false: there was none */
int64_t stamps_get(struct stamps *s, const char *name, int64_t dflt);

#endif
