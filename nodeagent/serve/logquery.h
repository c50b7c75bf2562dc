/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query of a log request, v1.PodLogOptions as the kubelet takes them: follow, previous, timestamps,
 * tailLines, limitBytes, sinceSeconds, sinceTime, stream. Pure, any thread.
 */
#ifndef SERVE_LOGQUERY_H
#define SERVE_LOGQUERY_H

#include "log/crilog.h"

struct logquery {
	bool follow, previous;
	struct crilog_options options;
	bool since_given;
};

void logquery_init(struct logquery *q);
/* One parameter; unknown ones are ignored. now: for sinceSeconds. REASON_INVALID for a bad value. */
int logquery_set(struct logquery *q, const char *key, const char *value, int64_t now_wall_ns,
		 struct err *err) MUST_CHECK;

#endif
