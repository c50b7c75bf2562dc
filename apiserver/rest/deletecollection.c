/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DELETE of a collection: what the selectors match now is deleted one by one, each under the rules of a
 * single DELETE. The reply is the list as it was. What vanishes meanwhile is no error, what comes meanwhile
 * stays.
 */
#include "rest/delete_options.h"
#include "rest/options.h"

static void write_list(struct write *w, const struct obj_list *l)
{
	struct buf *b = &w->rs->body;
	const struct kind *k = w->kind;

	buf_addf(
		b,
		"{\"kind\":\"%sList\",\"apiVersion\":\"%s%s%s\",\"metadata\":{\"resourceVersion\":\"%llu\"},\"items\":[",
		k->kind, k->group, *k->group ? "/" : "", k->version, (unsigned long long)l->rv);
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_addc(b, ',');
		if (w->kind == w->stored) {
			buf_add(b, l->v[i]->bytes, l->v[i]->len);
			continue;
		}
		autojson js *o = object_tree_for_client(w, l->v[i]);
		schema_write(b, k->type, o);
	}
	buf_adds(b, "]}\n");
	w->rs->status = 200;
}

static int delete_each(struct write *w, const struct delete_options *o, const struct obj_list *l,
		       struct err *err)
{
	for (size_t i = 0; i < l->n; i++) {
		struct deletion d;

		w->ns = l->v[i]->ns;
		if (object_delete(w, l->v[i]->name, o, &d, err) == 0) {
			obj_unref(d.obj);
			continue;
		}
		if (err->reason != REASON_NOT_FOUND || w->about.kind != w->kind)
			return -1;
		*err = (struct err)ERR_INIT;
	}
	return 0;
}

static int run(struct write *w, struct list_options *o, struct err *err)
{
	struct delete_options opts;
	struct obj_list list = {0};

	if (delete_options_read(w, &opts, err) < 0 || options_parse(w->rq, o, &w->errs, err) < 0)
		return -1;
	struct query q = {
		.ns = w->ns, .labels = o->labels, .fields = o->fields.n ? &o->fields : NULL, .kind = w->kind};
	if (storage_list(w->res, &q, 0, NULL, o->limit, &list, err) < 0)
		return -1;
	int rc = delete_each(w, &opts, &list, err);
	if (rc == 0)
		write_list(w, &list);
	obj_list_release(&list);
	return rc;
}

void rest_deletecollection(struct request *rq, struct response *rs)
{
	struct write w;
	struct list_options o = {.labels = NULL};
	struct err err = ERR_INIT;

	if (write_begin(&w, rq, rs, "DeleteOptions", &err) < 0 || run(&w, &o, &err) < 0)
		write_fail(&w, &err);
	options_release(&o);
	write_release(&w);
}
