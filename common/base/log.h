/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logger: one line per event on stderr, `TIME LEVEL "message" key=value …`, written with one write(2).
 *
 *	log_info("bound pod", "pod=%s/%s node=%s", ns, name, node);
 *
 * The message is fixed text, what varies goes into key=value pairs (kv may be NULL). log_err adds err="…".
 * Verbose lines (log_v) cost one load when off. Levels follow klog: --v=2 is steady state, 4 debug, 6
 * requests. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO };

extern int log_verbosity; /* set once at start-up from --v */

void log_write(enum log_level level, const char *msg, const struct err *err, const char *kv, ...)
	PRINTF(4, 5);
/* Redirects the output (tests); -1 restores stderr. */
void log_set_fd(int fd); /* for tests */

#define log_info(msg, ...) log_write(LOG_INFO, msg, NULL, __VA_ARGS__)
#define log_warning(msg, ...) log_write(LOG_WARNING, msg, NULL, __VA_ARGS__)
#define log_error(msg, ...) log_write(LOG_ERROR, msg, NULL, __VA_ARGS__)
#define log_err(err, msg, ...) log_write(LOG_ERROR, msg, err, __VA_ARGS__)
#define log_warn_err(err, msg, ...) log_write(LOG_WARNING, msg, err, __VA_ARGS__)
#define log_on(v) __builtin_expect(log_verbosity >= (v), 0)
#define log_v(v, msg, ...)                                                                                   \
	do {                                                                                                 \
		if (log_on(v))                                                                               \
			log_write(LOG_INFO, msg, NULL, __VA_ARGS__);                                         \
	} while (0)

#endif
