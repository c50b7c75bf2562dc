/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON in tests as one reads it: JSON("{'metadata':{'name':'p'}}") is that text with double quotes. Text that needs an
 * apostrophe, a backslash or a printf format is written out. The result lives until the program ends; any thread.
 */
#ifndef OBJECT_JSON_TEST_H
#define OBJECT_JSON_TEST_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

struct json_quoted {
	struct json_quoted *next;
	char text[];
};

static inline const char *json_quotes(const char *s)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct json_quoted *all; /* so that nothing counts as lost */
	struct json_quoted *q = mem_alloc(sizeof(*q) + strlen(s) + 1);

	strcpy(q->text, s);
	for (char *p = q->text; (p = strchr(p, '\'')); p++)
		*p = '"';
	pthread_mutex_lock(&lock);
	q->next = all;
	all = q;
	pthread_mutex_unlock(&lock);
	return q->text;
}
#define JSON(text) json_quotes(text)

#endif
