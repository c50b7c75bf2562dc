/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that tell stories: requests in order, each with what the object and its managers are then. */
#ifndef REST_VERB_STORY_TEST_H
#define REST_VERB_STORY_TEST_H

#include "object/json_test.h"
#include "rest/rig_test.h"

/* "apply" is a verb here; a body's apostrophes are quotes. */
struct step {
	const char *verb, *target, *body;
	int status;
	const char *owners; /* `manager op version/sub fields; …` without time; NULL: whatever they are */
	const char *holds;  /* a part of the reply; NULL: whatever it is */
};

static const char *type_of(const char *verb)
{
	static const char *const rows[][2] = {{"apply", "application/apply-patch+yaml"},
					      {"merge", "application/merge-patch+json"},
					      {"json", "application/json-patch+json"},
					      {"strategic", "application/strategic-merge-patch+json"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i][0], verb))
			return rows[i][1];
	return NULL;
}

static void write_owners(struct buf *out, const js *o)
{
	js_array_for_each (m, js_arr(o, "metadata", "managedFields", NULL)) {
		buf_addf(out, "%s%s %s %s", m_i ? "; " : "", js_str0(m, "manager", NULL),
			 js_str0(m, "operation", NULL), js_str0(m, "apiVersion", NULL));
		if (*js_str0(m, "subresource", NULL))
			buf_addf(out, "/%s", js_str0(m, "subresource", NULL));
		buf_addc(out, ' ');
		js_write(out, js_obj(m, "fieldsV1", NULL));
	}
}

static void take_step(const struct step *s)
{
	const char *type = type_of(s->verb), *body = s->body ? JSON(s->body) : "";
	autobuf struct buf owners = BUF_INIT;
	autoreply struct rig_reply r = rig_send(&rig, type ? "PATCH" : s->verb, s->target,
						type	? type
						: *body ? "application/json"
							: "",
						body, strlen(body));

	write_owners(&owners, r.body);
	const char *holds = s->holds ? JSON(s->holds) : "",
		   *want = s->owners ? JSON(s->owners) : buf_str(&owners);
	if (r.status != s->status || strcmp(buf_str(&owners), want) || !strstr(buf_str(&r.text), holds))
		fail_msg("%s %s %s\nwant %d %s\nwith %s\n got %d %s\nin … %s", s->verb, s->target, body,
			 s->status, want, holds, r.status, buf_str(&owners),
			 buf_str(&r.text) + (r.text.len > 150 ? r.text.len - 150 : 0));
}

#define STORY(name, ...)                                                                                     \
	static void name(void **state)                                                                       \
	{                                                                                                    \
		static const struct step steps[] = {__VA_ARGS__};                                            \
		for (size_t i = 0; i < ARRAY_LEN(steps); i++)                                                \
			take_step(&steps[i]);                                                                \
	}

#endif
