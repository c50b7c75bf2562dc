/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of bench-load share: whatever fails ends the program with a message. */
#ifndef E2E_BENCH_LOAD_INTERNAL_H
#define E2E_BENCH_LOAD_INTERNAL_H

#include "conn.h"

#define NAMESPACE "bench"
extern struct target load_target;
extern char load_run_id[6]; /* names of one run do not meet those of another */

void load_die(const struct err *err);
void load_bad_status(const struct conn *c);
double load_percentile_ms(int64_t *v, size_t n, double p); /* sorts v, nanoseconds */
double load_cpu_s(void);				   /* of this process */
void load_configmap_body(struct buf *b, size_t i);

void load_open(struct conn *c);
void load_call(struct conn *c, const char *method, const char *path, const char *body);
void load_start_watch(struct conn *c, const char *path);
void load_list_rv(struct conn *c, const char *path, char rv[32]);

/* n objects to the path, by as many connections; body writes the i-th. */
void load_create(const char *path, void (*body)(struct buf *b, size_t i), size_t n, size_t n_conns);

/* load_file.c: objects after a template. */
void load_file(char **a);
void load_churn(char **a);

/* load_dial.c: bare probes. */
void load_dials(char **a);

/* load_bare.c: a server that does nothing but send. */
void load_bare(char **a);

/* load_watch.c: the commands about watches. */
void load_watches(char **a);
void load_fanout(char **a);
void load_resume(char **a);

#endif
