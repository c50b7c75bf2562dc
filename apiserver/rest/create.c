/* SPDX-License-Identifier: Apache-2.0 */
/* POST of an object and PUT of one: decode, check that body and path speak of the same object, and take the
 * road. */
#include "rest/decode.h"
#include "rest/negotiate.h"

static int create(struct write *w, struct obj **ret, struct err *err)
{
	js *new = decode_object(w, err);

	return new ? object_create(w, new, ret, err) : -1;
}

void rest_create(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;
	autoobj struct obj *o = NULL;

	if (write_begin(&w, rq, rs, "CreateOptions", &err) < 0 || create(&w, &o, &err) < 0)
		write_fail(&w, &err);
	else
		present_object(rq, rs, 201, o);
	write_release(&w);
}

int object_check_name(const struct write *w, const js *o, const char *name, struct err *err)
{
	const char *mine = js_str0(o, "metadata", "name", NULL);

	if (!*mine)
		return err_set(
			err, REASON_BAD_REQUEST,
			"the name of the object (%s based on URL) was undeterminable: name must be provided",
			name);
	if (strcmp(mine, name))
		return err_set(err, REASON_BAD_REQUEST,
			       "the name of the object (%s) does not match the name on the URL (%s)", mine,
			       name);
	return 0;
}

static js *replace(struct write *w, void *arg, const struct obj *old, const js *old_tree, struct err *err)
{
	return js_dup(arg);
}

static int update(struct write *w, struct update *u, struct err *err)
{
	js *body = decode_object(w, err);

	if (!body)
		return -1;
	autojson js *new = body;
	if (meta_check_namespace(w, new, err) < 0 || object_check_name(w, new, w->rq->attr.name, err) < 0)
		return -1;
	if (w->kind != w->stored) {
		new = schema_convert(w->kind, w->stored, body);
		js_autoput(&body);
	}
	*u = (struct update){.change = replace,
			     .arg = new,
			     .flags = UPDATE_FROM_PUT,
			     .uid = js_str0(new, "metadata", "uid", NULL)};
	if ((w->strategy->flags & STRATEGY_CREATE_ON_UPDATE) && !*w->rq->attr.subresource)
		u->flags |= UPDATE_CREATES;
	return object_update(w, w->rq->attr.name, u, err);
}

void rest_update(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;
	struct update u = {.obj = NULL};

	if (write_begin(&w, rq, rs, "UpdateOptions", &err) < 0 || update(&w, &u, &err) < 0)
		write_fail(&w, &err);
	else
		present_object(rq, rs, u.created ? 201 : 200, u.obj);
	update_release(&u);
	write_release(&w);
}
