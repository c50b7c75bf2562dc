/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command-line flags from one table per daemon: parsing, checking, --help, the manual page (--help=man) and the
 * shell completion (--help=bash) come from the row.
 *
 * Accepts --name=value, --name value, and bare --name for booleans, as pflag does. --help and --version print on
 * stdout and make flags_parse return FLAGS_EXIT. Main thread.
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
	FLAG_FLOAT,    /* float * */
	FLAG_GATES,    /* no target: base/gate.h keeps it; given again, it adds to what was said */
};

struct flag {
	const char *name; /* without dashes */
	enum flag_type type;
	void *target;
	const char *def;  /* default as text; NULL = "" / 0 / false */
	const char *help; /* one sentence */
	long min, max;	  /* FLAG_INT: allowed range, both 0 = any */
};

/* Tables are written with designated initialisers and end with {0}. */
struct flags_program {
	const char *name;
	const char *about;   /* one sentence: the first line of --help */
	const char *version; /* the line that --version prints */
	const struct flag *table;
};

enum flags_result { FLAGS_OK, FLAGS_EXIT, FLAGS_ERROR };

/* Sets every row's default, then what is given. --v is understood everywhere and sets log_verbosity. */
enum flags_result flags_parse(const struct flags_program *p, int argc, char **argv,
			      struct err *err) MUST_CHECK;
/* Go duration text to nanoseconds. */
int flags_duration(const char *s, int64_t *ret_ns, struct err *err) MUST_CHECK;
/* As Go's strconv.ParseBool. */
int flags_bool(const char *s, bool *ret, struct err *err) MUST_CHECK;

/* The row that every daemon has. */
#define FLAG_FEATURE_GATES                                                                                                           \
	{                                                                                                                            \
		.name = "feature-gates", .type = FLAG_GATES,                                                                         \
		.help = "Features that are turned on or off: NAME=true, comma-separated; AllAlpha and AllBeta are those of a stage." \
	}

#endif
