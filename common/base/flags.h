/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command-line flags from one table per daemon: parsing, checking and --help come from the row.
 *
 * Accepts --name=value, --name value, and bare --name for booleans, as pflag does. --help prints the table on
 * stdout and --version prints "Coracle vX (Kubernetes v1.34.0)"; both make flags_parse return FLAGS_EXIT.
 * Main thread.
 */
#ifndef BASE_FLAGS_H
#define BASE_FLAGS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

enum flag_type {
	FLAG_STRING,   /* const char **: borrows argv or the default */
	FLAG_INT,      /* int * */
	FLAG_BOOL,     /* bool * */
	FLAG_DURATION, /* int64_t * in ns; "300ms", "1m30s", "0" as Go's ParseDuration */
};

struct flag {
	const char *name; /* without dashes */
	enum flag_type type;
	void *target;
	const char *def;  /* default as text; NULL = "" / 0 / false */
	const char *help; /* one sentence */
	long min, max;	  /* FLAG_INT: allowed range, both 0 = any */
};

enum flags_result { FLAGS_OK, FLAGS_EXIT, FLAGS_ERROR };

/* `about` is the first line of --help. Tables are written with designated initialisers and end with {0}. --v
 * is understood everywhere and sets log_verbosity. */
enum flags_result flags_parse(const char *program, const char *about, const struct flag *table, int argc,
			      char **argv, struct err *err) MUST_CHECK;
/* Go duration text to nanoseconds. */
int flags_duration(const char *s, int64_t *ret_ns, struct err *err) MUST_CHECK;

#define CORACLE_VERSION "0.1.0"
#define KUBERNETES_VERSION "v1.34.0"

#endif
