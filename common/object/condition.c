/* SPDX-License-Identifier: Apache-2.0 */
/* Why: five kinds carry conditions, and the rule for their times must be the same in all. */
#include "object/condition.h"

#include <string.h>
#include "object/rfc3339.h"

static size_t place(const js *conditions, const char *type)
{
	js_array_for_each (c, conditions)
		if (!strcmp(js_str0(c, "type", NULL), type))
			return c_i;
	return SIZE_MAX;
}

js *condition_find(const js *conditions, const char *type)
{
	size_t i = place(conditions, type);

	return i == SIZE_MAX ? NULL : js_at(conditions, i);
}

static bool same(const js *c, const char *field, const char *want)
{
	return !strcmp(js_str0(c, field, NULL), want ? want : "");
}

static void put(js *c, const char *field, const char *value)
{
	if (value)
		js_set_str(c, field, value);
	else
		js_del(c, field);
}

bool condition_set(js *conditions, const char *type, const char *status, const char *reason,
		   const char *message, int64_t now_ns, bool with_update_time)
{
	js *c = condition_find(conditions, type);
	bool moved = !c || !same(c, "status", status);
	char now[RFC3339_MAX];

	/* The Deployment controller lets a mere change of message wait for the next change of status or
	 * reason. */
	if (!moved && same(c, "reason", reason) && (with_update_time || same(c, "message", message)))
		return false;
	if (!c) {
		c = js_new_obj();
		js_push(conditions, c);
	}
	rfc3339_format(now_ns, now);
	js_set_str(c, "type", type);
	js_set_str(c, "status", status);
	if (with_update_time)
		js_set_str(c, "lastUpdateTime", now);
	if (moved)
		js_set_str(c, "lastTransitionTime", now);
	put(c, "reason", reason);
	put(c, "message", message);
	return true;
}

bool condition_remove(js *conditions, const char *type)
{
	size_t i = place(conditions, type);

	if (i == SIZE_MAX)
		return false;
	js_del_at(conditions, i);
	return true;
}
