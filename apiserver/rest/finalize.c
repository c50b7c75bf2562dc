/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT namespaces/NAME/finalize: the one way to change spec.finalizers. The namespace controller empties the
 * list when the namespace holds nothing any more, and with that the namespace goes.
 */
#include "rest/decode.h"
#include "rest/negotiate.h"

static js *change(struct write *w, void *arg, const struct obj *old, const js *old_tree, struct err *err)
{
	js *new = js_dup(old_tree);
	js *list = js_arr(arg, "spec", "finalizers", NULL), *spec = js_ensure(new, "spec", NULL);
	const char *rv = js_str0(arg, "metadata", "resourceVersion", NULL);
	js *m = js_obj(new, "metadata", NULL);

	if (list)
		js_set(spec, "finalizers", js_dup(list));
	else
		js_del(spec, "finalizers");
	if (*rv)
		js_set_str(m, "resourceVersion", rv);
	else
		js_del(m, "resourceVersion");
	return new;
}

static int finalize(struct write *w, struct update *u, struct err *err)
{
	autojson js *body = decode_object(w, err);

	if (!body || meta_check_namespace(w, body, err) < 0 ||
	    object_check_name(w, body, w->rq->attr.name, err) < 0)
		return -1;
	*u = (struct update){.change = change,
			     .arg = body,
			     .flags = UPDATE_FROM_PUT,
			     .uid = js_str0(body, "metadata", "uid", NULL)};
	return object_update(w, w->rq->attr.name, u, err);
}

void rest_namespace_finalize(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;
	struct update u = {.obj = NULL};

	if (write_begin(&w, rq, rs, "UpdateOptions", &err) < 0 || finalize(&w, &u, &err) < 0)
		write_fail(&w, &err);
	else
		present_object(rq, rs, 200, u.obj);
	update_release(&u);
	write_release(&w);
}
