/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods/ephemeralcontainers in its two forms. Since 1.22 it is the Pod, of which only that part counts. kubectl 1.18 to 1.21
 * read and write a kind EphemeralContainers instead; they cannot say so while they read, so their name decides (what they
 * make of a Pod is an empty list, without a word).
 */
#include "rest/verb/ephemeral.h"

#include "rest/api.h"
#include "rest/present.h"
#include "rest/verb/verb.h"

static bool is_old_client(const struct request *rq)
{
	static const char *const names[] = {"kubectl/v1.18.", "kubectl/v1.19.", "kubectl/v1.20.",
					    "kubectl/v1.21."};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strncmp(rq->user_agent, names[i], strlen(names[i])))
			return true;
	return false;
}

static js *old_form(const js *pod)
{
	static const char *const kept[] = {"name", "namespace", "uid", "resourceVersion",
					   "creationTimestamp"};
	js *o = js_new_obj();
	const js *list = js_arr(pod, "spec", "ephemeralContainers", NULL);

	js_set_str(o, "kind", "EphemeralContainers");
	js_set_str(o, "apiVersion", "v1");
	js *m = js_ensure(o, "metadata", NULL);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		js_set_str(m, kept[i], js_str(pod, "metadata", kept[i], NULL));
	js_set(o, "ephemeralContainers", list ? js_dup(list) : js_new_arr());
	return o;
}

static void present_old(const struct request *rq, struct response *rs, const struct obj *pod)
{
	struct err err = ERR_INIT;
	autojson js *tree = obj_tree(pod, &err);

	if (!tree) {
		response_status(rs, &err, &rq->attr, NULL);
		return;
	}
	autojson js *o = old_form(tree);
	present_tree(rq, rs, 200, o);
}

void handle_ephemeral_get(struct request *rq, struct response *rs)
{
	autoobj struct obj *o = is_old_client(rq) ? handle_found(rq, rs) : NULL;

	if (o)
		present_old(rq, rs, o);
	else if (!is_old_client(rq))
		handle_get(rq, rs);
}

/* ---- writing ---- */

static bool is_old_body(const struct operation *o)
{
	return !strcmp(js_str0(o->body, "kind", NULL), "EphemeralContainers");
}

static int read_either(struct operation *o, struct err *err)
{
	struct kind old = {.group = "",
			   .version = "v1",
			   .kind = "EphemeralContainers",
			   .type = schema_type(o->rq->api->schema, "EphemeralContainers")};

	o->body = body_either(o, o->rq->attr.kind, &old, err);
	return o->body ? 0 : -1;
}

static js *take_list(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		     struct err *err)
{
	const js *body = arg;
	js *pod = js_dup(old_tree);

	js_set(js_ensure(pod, "spec", NULL), "ephemeralContainers",
	       js_dup(js_field(body, "ephemeralContainers")));
	js_set_str(js_obj(pod, "metadata", NULL), "resourceVersion",
		   js_str0(body, "metadata", "resourceVersion", NULL));
	return pod;
}

static void start_ephemeral(struct operation *o)
{
	if (!is_old_body(o)) {
		registry_update(&o->call, STEAL(o->body));
		return;
	}
	o->runs = 1; /* in the old form, which the answer has, too */
	if (registry_check_identity(&o->call, o->body, &o->call.err) < 0) {
		o->call.done(&o->call);
		return;
	}
	struct registry_change change = {.make = take_list,
					 .arg = o->body,
					 .version = js_str0(o->body, "metadata", "resourceVersion", NULL)};
	if (*change.version)
		change.flags |= CHANGE_WHOLE;
	registry_change(&o->call, &change);
}

static void present_ephemeral(struct operation *o)
{
	if (o->runs)
		present_old(o->rq, o->rs, o->call.obj);
	else
		present_object(o->rq, o->rs, 200, o->call.obj);
}

const struct verb verb_ephemeral_update = {"UpdateOptions", read_either, start_ephemeral, present_ephemeral,
					   true};
