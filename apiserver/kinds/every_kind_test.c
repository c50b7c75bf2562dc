/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind, with every field set, through everything that a client does with it, on a whole API: what is sent comes
 * back, in every form and after every verb. The objects are made from the kind files (kinds/samples.h), so a kind that is
 * added is walked by that; what its rules object to is the failure.
 *
 *	every_kind_test			all kinds
 *	every_kind_test KIND...		these only
 *	every_kind_test print KIND	the objects that would be sent
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "kinds/difference_test.h"
#include "object/json_test.h"
#include "kinds/samples.h"
#include "kinds/walk_test.h"

static struct samples *samples;
static char **only; /* kinds to walk; NULL: all */

/* ---- comparing ---- */

static void must_contain(struct walk *w, const char *step, const js *got, const js *sent)
{
	struct difference d = {.got = NULL};
	autobuf struct buf text = BUF_INIT;

	if (!contains(got, sent, &d)) {
		write_difference(&text, &d);
		fault(w, step, "%.600s", buf_str(&text));
	}
	buf_release(&d.where);
}

static void must_equal(struct walk *w, const char *step, const js *got, const js *want)
{
	must_contain(w, step, got, want);
	must_contain(w, step, want, got);
}

/* What the server objects to, a line for each cause. */
static void write_causes(struct buf *out, const struct answer *a)
{
	const js *causes = js_arr(a->o, "details", "causes", NULL);

	buf_addf(out, "%d %s", a->status, js_str0(a->o, "reason", NULL));
	js_array_for_each (cause, causes)
		buf_addf(out, "\n\t%s: %s", js_str0(cause, "field", NULL), js_str0(cause, "message", NULL));
	if (!js_len(causes))
		buf_addf(out, " %.*s", (int)a->text.len, a->text.len ? a->text.p : "");
}

static bool must_be(struct walk *w, const char *step, const struct answer *a, int status)
{
	autobuf struct buf b = BUF_INIT;

	if (a->status == status && a->o)
		return true;
	write_causes(&b, a);
	fault(w, step, "%s%s", buf_str(&b), a->o ? "" : " cannot be read");
	return false;
}

/* A copy without what the server makes anew with every write, and, on request, without its status. */
static js *comparable(const js *o, bool status)
{
	static const char *const fresh[] = {"uid", "creationTimestamp", "resourceVersion", "managedFields"};
	js *c = js_dup(o), *meta = js_field(c, "metadata");

	for (size_t i = 0; meta && i < ARRAY_LEN(fresh); i++)
		js_del(meta, fresh[i]);
	if (!status)
		js_del(c, "status");
	return c;
}

static const char *version_of(const js *o)
{
	return js_str0(o, "metadata", "resourceVersion", NULL);
}

static void keep(struct walk *w, struct answer *a)
{
	js_autoput(&w->stored);
	w->stored = STEAL(a->o);
}

/* ---- the walk ---- */

/* Protobuf does not carry the kind of an object inside another one. */
static void drop_type_meta(const struct type *t, js *o, bool inside)
{
	if (t->elem && js_is_arr(o))
		js_array_for_each (item, o)
			drop_type_meta(t->elem, item, true);
	for (unsigned f = 0; js_is_obj(o) && f < t->n_fields; f++) {
		const struct field *in = &t->fields[f];
		if (inside && !in->pb && !in->pb_in &&
		    (!strcmp(in->name, "kind") || !strcmp(in->name, "apiVersion")))
			js_del(o, in->name);
		else if (js_field(o, in->name) && (in->type->elem || in->type->form == TYPE_OBJECT))
			drop_type_meta(in->type, js_field(o, in->name), true);
	}
}

static void must_equal_in(struct walk *w, const char *form, const js *got, const js *want)
{
	autojson js *g = js_dup(got), *r = js_dup(want);

	if (!strcmp(form, PB_TYPE)) {
		drop_type_meta(w->k->type, g, false);
		drop_type_meta(w->k->type, r, false);
	}
	must_equal(w, form, g, r);
}

/* Dry runs in each form say the same, and leave nothing. */
static void walk_forms(struct walk *w)
{
	struct err err = ERR_INIT;
	autobuf struct buf yaml = BUF_INIT, pb = BUF_INIT;
	autofree char *target = address(w, "", "?dryRun=All&fieldValidation=Strict");
	autoanswer struct answer json =
		tell(w, "POST", "", "?dryRun=All&fieldValidation=Strict", JSON_TYPE, w->object);
	autojson js *conformed = schema_conform(w->k->type, w->object, NULL, &err);

	if (!must_be(w, "dry run", &json, 201))
		return;
	autojson js *want = comparable(json.o, true);
	yaml_write(&yaml, w->object);
	autoanswer struct answer from_yaml = talk(w->k, "POST", target, YAML_TYPE, YAML_TYPE, &yaml);
	if (must_be(w, "YAML", &from_yaml, 201)) {
		autojson js *got = comparable(from_yaml.o, true);
		must_equal(w, "YAML", got, want);
	}
	if (pb_encode(&pb, w->k->type, js_str0(w->object, "apiVersion", NULL), w->k->kind, conformed, &err) <
	    0)
		fault(w, "protobuf", "%s", err.msg);
	autoanswer struct answer from_pb = talk(w->k, "POST", target, PB_TYPE, PB_TYPE, &pb);
	if (must_be(w, "protobuf", &from_pb, 201)) {
		autojson js *got = comparable(from_pb.o, true);
		must_equal_in(w, PB_TYPE, got, want);
	}
	autoanswer struct answer none = ask(w, "GET", "", JSON_TYPE);
	if (w->k->verbs & VERB_GET)
		must_be(w, "dry run", &none, 404);
}

static bool walk_create(struct walk *w)
{
	autoanswer struct answer made = tell(w, "POST", "", "?fieldValidation=Strict", JSON_TYPE, w->object);

	if (!must_be(w, "create", &made, 201))
		return false;
	autojson js *sent = comparable(w->object, !w->k->has_status);
	must_contain(w, "create", made.o, sent);
	keep(w, &made);
	return true;
}

static void table_is_whole(struct walk *w, const char *step, const js *table)
{
	const js *row = js_at(js_arr(table, "rows", NULL), 0);
	size_t columns = js_len(js_field(table, "columnDefinitions"));

	if (columns != w->k->n_columns || js_len(js_field(row, "cells")) != columns)
		fault(w, step, "%zu columns, %zu cells", columns, js_len(js_field(row, "cells")));
	js_array_for_each (cell, js_field(row, "cells"))
		if (js_is_str(cell) && !strcmp(json_object_get_string(cell), "<unknown>"))
			fault(w, step, "%s is unknown", w->k->columns[cell_i].name);
	if (strcmp(js_str0(row, "object", "metadata", "name", NULL), w->name))
		fault(w, step, "is of another object");
}

static void walk_get(struct walk *w)
{
	static const char *const forms[] = {JSON_TYPE, YAML_TYPE, PB_TYPE};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		autoanswer struct answer a = ask(w, "GET", "", forms[i]);
		if (must_be(w, forms[i], &a, 200))
			must_equal_in(w, forms[i], a.o, w->stored);
	}
	autoanswer struct answer table = ask(w, "GET", "", TABLE_TYPE), meta = ask(w, "GET", "", META_TYPE);
	if (must_be(w, "table", &table, 200))
		table_is_whole(w, "table", table.o);
	if (must_be(w, "metadata", &meta, 200))
		must_equal(w, "metadata", js_field(meta.o, "metadata"), js_field(w->stored, "metadata"));
}

static const js *item_named(const js *list, const char *name)
{
	js_array_for_each (o, js_arr(list, "items", NULL))
		if (!strcmp(js_str0(o, "metadata", "name", NULL), name))
			return o;
	return NULL;
}

static struct answer list(const struct walk *w, const char *rest, const char *accept)
{
	autofree char *target = address(w, "", rest);

	return talk(w->k, "GET", target, "", accept, NULL);
}

/* A value as a field selector has it; false when there is none that could be asked for. */
static bool selected(const struct walk *w, const struct selectable *s, struct buf *out)
{
	autofree char *path = mem_strdup(s->field);
	const js *v = w->stored;

	for (char *save, *step = strtok_r(path, ".", &save); step; step = strtok_r(NULL, ".", &save))
		v = js_field(v, step);
	if (v && (js_is_obj(v) || js_is_arr(v)))
		return false;
	const char *text = v ? json_object_get_string((js *)v) : s->dflt;
	if (!v && s->otherwise)
		return false;
	buf_addf(out, "?fieldSelector=%s%%3D%s", s->field, text ? text : "");
	return true;
}

static void walk_list(struct walk *w)
{
	autoanswer struct answer all = list(w, "", JSON_TYPE), table = list(w, "", TABLE_TYPE),
				 meta = list(w, "", META_LIST_TYPE);
	autojson js *bare = js_dup(w->stored);

	js_del(bare, "kind");
	js_del(bare, "apiVersion");
	if (must_be(w, "list", &all, 200))
		must_equal(w, "list", item_named(all.o, w->name), bare);
	if (must_be(w, "list of tables", &table, 200) &&
	    js_len(js_field(table.o, "rows")) != js_len(js_field(all.o, "items")))
		fault(w, "list of tables", "%s", buf_str(&table.text));
	if (must_be(w, "list of metadata", &meta, 200))
		must_equal(w, "list of metadata", js_field(item_named(meta.o, w->name), "metadata"),
			   js_field(w->stored, "metadata"));
	for (size_t i = 0; i < w->k->n_selectable; i++) {
		autobuf struct buf query = BUF_INIT;
		if (!selected(w, &w->k->selectable[i], &query))
			continue;
		autoanswer struct answer some = list(w, buf_str(&query), JSON_TYPE);
		if (must_be(w, buf_str(&query), &some, 200) && !item_named(some.o, w->name))
			fault(w, buf_str(&query), "is not found");
	}
}

/* Some kinds count labels. */
static void forget_generation(js *o)
{
	js_del(js_field(o, "metadata"), "generation");
}

/* A second write of what was answered is none; one that says something new is. */
static void walk_update(struct walk *w)
{
	autoanswer struct answer again =
		tell(w, "PUT", w->name, "?fieldValidation=Strict", JSON_TYPE, w->stored);

	if (must_be(w, "update", &again, 200))
		must_equal(w, "update with nothing new", again.o, w->stored);
	js_set_str(js_ensure(w->stored, "metadata", "labels", NULL), "step", "update");
	autoanswer struct answer new =
		tell(w, "PUT", w->name, "?fieldValidation=Strict", JSON_TYPE, w->stored);
	if (!must_be(w, "update", &new, 200))
		return;
	if (!strcmp(version_of(new.o), version_of(w->stored)))
		fault(w, "update", "nothing was stored");
	autojson js *got = comparable(new.o, true), *want = comparable(w->stored, true);
	forget_generation(got);
	forget_generation(want);
	must_equal(w, "update", got, want);
	keep(w, &new);
}

static void walk_patch(struct walk *w)
{
	static const struct {
		const char *type, *body;
	} rows[] = {
		{"application/merge-patch+json", "{\"metadata\":{\"labels\":{\"step\":\"merge\"}}}"},
		{"application/strategic-merge-patch+json",
		 "{\"metadata\":{\"labels\":{\"step\":\"strategic\"}}}"},
		{"application/json-patch+json",
		 "[{\"op\":\"replace\",\"path\":\"/metadata/labels/step\",\"value\":\"json\"}]"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *body = js_parse(rows[i].body, strlen(rows[i].body), NULL, &err);
		autoanswer struct answer a =
			tell(w, "PATCH", w->name, "?fieldValidation=Strict", rows[i].type, body);
		if (!must_be(w, rows[i].type, &a, 200))
			continue;
		autojson js *got = comparable(a.o, true), *want = comparable(w->stored, true);
		js_set_str(js_obj(want, "metadata", "labels", NULL), "step",
			   js_str0(a.o, "metadata", "labels", "step", NULL));
		forget_generation(got);
		forget_generation(want);
		must_equal(w, rows[i].type, got, want);
		keep(w, &a);
	}
}

/* Takes the sample's status, and nothing else. */
static void walk_status(struct walk *w)
{
	const js *status = js_field(w->object, "status");
	autojson js *o = js_dup(w->stored);

	js_set(o, "status", js_dup(status));
	js_set_str(js_ensure(o, "metadata", "annotations", NULL), "status", "asked");
	autoanswer struct answer put =
		tell(w, "PUT", w->name, "/status?fieldValidation=Strict", JSON_TYPE, o);
	if (!must_be(w, "status", &put, 200))
		return;
	must_contain(w, "status", js_field(put.o, "status"), status);
	must_contain(w, "status", js_field(put.o, "spec"), js_field(w->stored, "spec"));
	keep(w, &put);
	autojson js *patch = js_new_obj();
	js_set(patch, "status", js_new_obj());
	autoanswer struct answer patched =
		tell(w, "PATCH", w->name, "/status", "application/merge-patch+json", patch);
	if (must_be(w, "status patch", &patched, 200))
		must_equal(w, "status patch", patched.o, w->stored);
	autoanswer struct answer got = ask(w, "GET", "/status", JSON_TYPE);
	if (must_be(w, "status", &got, 200))
		must_equal(w, "status", got.o, w->stored);
}

static void walk_scale(struct walk *w)
{
	autoanswer struct answer scale = ask(w, "GET", "/scale", JSON_TYPE);

	if (!must_be(w, "scale", &scale, 200))
		return;
	js_set_int(js_ensure(scale.o, "spec", NULL), "replicas", 7);
	autoanswer struct answer put = tell(w, "PUT", w->name, "/scale", JSON_TYPE, scale.o);
	if (must_be(w, "scale", &put, 200) && js_int(put.o, 0, "spec", "replicas", NULL) != 7)
		fault(w, "scale", "%s", buf_str(&put.text));
	autoanswer struct answer got = ask(w, "GET", "", JSON_TYPE);
	if (must_be(w, "scale", &got, 200) && js_int(got.o, 0, "spec", "replicas", NULL) != 7)
		fault(w, "scale", "%s", buf_str(&got.text));
	keep(w, &got);
}

static bool has_subresource(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < k->n_subresources; i++)
		if (!strcmp(k->subresources[i].name, name))
			return true;
	return false;
}

static void walk_delete(struct walk *w)
{
	/* Jobs and ReplicationControllers would stay until somebody has released what they own. */
	static const char options[] = "{\"gracePeriodSeconds\":0,\"propagationPolicy\":\"Background\"}";
	static const struct buf now = {.p = (char *)options, .len = sizeof options - 1};
	autofree char *target = address(w, w->name, "");
	autoanswer struct answer gone = talk(w->k, "DELETE", target, JSON_TYPE, JSON_TYPE, &now);

	if (!must_be(w, "delete", &gone, 200))
		return;
	if (js_bool(w->about, false, "lingers", NULL))
		return;
	autoanswer struct answer none = ask(w, "GET", "", JSON_TYPE);
	must_be(w, "delete", &none, 404);
}

static void walk_deletecollection(struct walk *w)
{
	autofree char *target =
		address(w, "", "?labelSelector=step%3Dall&gracePeriodSeconds=0&propagationPolicy=Background");

	js_set_str(js_ensure(w->object, "metadata", "labels", NULL), "step", "all");
	autoanswer struct answer made = tell(w, "POST", "", "", JSON_TYPE, w->object);
	if (!must_be(w, "create again", &made, 201))
		return;
	autoanswer struct answer gone = talk(w->k, "DELETE", target, "", JSON_TYPE, NULL);
	must_be(w, "deletecollection", &gone, 200);
	autoanswer struct answer none = ask(w, "GET", "", JSON_TYPE);
	must_be(w, "deletecollection", &none, 404);
}

#define APPLY_TYPE "application/apply-patch+yaml"

/* What is applied of the object beside that part, which may be NULL: whose it is. */
static js *only_part(const struct walk *w, const char *part)
{
	js *one = js_new_obj();

	js_set_str(one, "kind", w->k->kind);
	js_set_str(one, "apiVersion", js_str0(w->object, "apiVersion", NULL));
	if (part)
		js_set(one, part, js_dup(js_field(w->object, part)));
	return one;
}

/* Applied, it is made; applied again, nothing changes; another manager has to insist. */
static void walk_apply(struct walk *w)
{
	static const char mine[] = "?fieldManager=mine&fieldValidation=Strict",
			  others[] = "?fieldManager=other", forced[] = "?fieldManager=other&force=true";
	autojson js *o = comparable(w->object, !w->k->has_status);
	autoanswer struct answer made = tell(w, "PATCH", w->name, mine, APPLY_TYPE, o);

	if (!must_be(w, "apply", &made, 201))
		return;
	must_contain(w, "apply", made.o, o);
	const js *entry = js_at(js_arr(made.o, "metadata", "managedFields", NULL), 0);
	if (strcmp(js_str0(entry, "manager", NULL), "mine") ||
	    strcmp(js_str0(entry, "operation", NULL), "Apply"))
		fault(w, "apply", "nobody owns it");
	autoanswer struct answer again = tell(w, "PATCH", w->name, mine, APPLY_TYPE, o);
	if (must_be(w, "apply again", &again, 200))
		must_equal(w, "apply again", again.o, made.o);
	autojson js *one = only_part(w, NULL);
	js_set_str(js_ensure(one, "metadata", "labels", NULL), "app", "others");
	autoanswer struct answer conflict = tell(w, "PATCH", w->name, others, APPLY_TYPE, one);
	must_be(w, "apply of another", &conflict, 409);
	autoanswer struct answer taken = tell(w, "PATCH", w->name, forced, APPLY_TYPE, one);
	if (must_be(w, "apply by force", &taken, 200) &&
	    strcmp(js_str0(taken.o, "metadata", "labels", "app", NULL), "others"))
		fault(w, "apply by force", "is not heeded");
	if (has_subresource(w->k, "status")) {
		autojson js *status = only_part(w, "status");
		autoanswer struct answer put =
			tell(w, "PATCH", w->name, "/status?fieldManager=mine", APPLY_TYPE, status);
		/* of this one the sample has conditions alone, which are the approval's */
		if (must_be(w, "apply of the status", &put, 200) &&
		    strcmp(w->k->kind, "CertificateSigningRequest") &&
		    !strstr(buf_str(&put.text), "\"subresource\":\"status\""))
			fault(w, "apply of the status", "nobody owns it");
	}
	walk_delete(w);
}

/* The events of all this, from the revision on. */
static void walk_watch(struct walk *w, const char *from)
{
	autofree char *target = address(w, "", "?watch=1&resourceVersion=");
	autobuf struct buf full = BUF_INIT, seen = BUF_INIT;

	buf_addf(&full, "%s%s&fieldSelector=metadata.name%%3D%s", target, from, w->name);
	autoanswer struct answer a = talk(w->k, "GET", buf_str(&full), "", JSON_TYPE, NULL);
	for (char *save, *line = strtok_r(a.text.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct err err = ERR_INIT;
		autojson js *event = js_parse(line, strlen(line), NULL, &err);
		const char *type = js_str0(event, "type", NULL);
		if (!seen.len || strcmp(type, "MODIFIED") || seen.p[seen.len - 1] != 'M')
			buf_add(&seen, type, 1);
		if (strcmp(js_str0(event, "object", "kind", NULL), w->k->kind))
			fault(w, "watch", "%s", line);
	}
	const char *want = js_str(w->about, "events", NULL);
	if (!want)
		want = w->k->verbs & VERB_UPDATE ? "AMD" : "AD";
	if (a.status != 200 || strcmp(buf_str(&seen), want))
		fault(w, "watch", "%d %s instead of %s", a.status, buf_str(&seen), want);
}

/* One write that is answered as if it had been done, and does nothing. */
static void must_stay(struct walk *w, const char *method, const char *name, const char *rest,
		      const char *type, const js *body, const char *answered)
{
	autofree char *target = address(w, name, rest), *step = mem_printf("dry %s %s", method, target);
	autobuf struct buf text = BUF_INIT;

	if (body)
		js_write(&text, body);
	autoanswer struct answer a = talk(w->k, method, target, type, JSON_TYPE, &text);
	if (must_be(w, step, &a, 200) && !strstr(buf_str(&a.text), answered))
		fault(w, step, "%s", buf_str(&a.text));
	autoanswer struct answer now = ask(w, "GET", "", JSON_TYPE);
	if (must_be(w, step, &now, 200))
		must_equal(w, step, now.o, w->stored);
}

/* Upstream's test/integration/dryrun. */
static void walk_dry(struct walk *w)
{
	static const char merge[] = "application/merge-patch+json", dry[] = "?dryRun=All",
			  now[] = "?dryRun=All&gracePeriodSeconds=0";
	const struct kind *k = w->k;
	autojson js *changed = js_dup(w->stored), *patch = js_new_obj(), *ten = js_new_obj();

	js_set_str(js_ensure(changed, "metadata", "annotations", NULL), "dry", "run");
	js_set_str(js_ensure(patch, "metadata", "annotations", NULL), "dry", "run");
	js_set_int(js_ensure(ten, "spec", NULL), "replicas", 10);
	if (k->verbs & VERB_UPDATE)
		must_stay(w, "PUT", w->name, dry, JSON_TYPE, changed, "\"dry\":\"run\"");
	if (k->verbs & VERB_PATCH)
		must_stay(w, "PATCH", w->name, dry, merge, patch, "\"dry\":\"run\"");
	if (has_subresource(k, "status")) {
		must_stay(w, "PUT", w->name, "/status?dryRun=All", JSON_TYPE, changed, w->name);
		must_stay(w, "PATCH", w->name, "/status?dryRun=All", merge, patch, w->name);
	}
	if (has_subresource(k, "scale")) {
		autoanswer struct answer scale = ask(w, "GET", "/scale", JSON_TYPE);
		js_set_int(js_ensure(scale.o, "spec", NULL), "replicas", 10);
		must_stay(w, "PATCH", w->name, "/scale?dryRun=All", merge, ten, "\"replicas\":10");
		must_stay(w, "PUT", w->name, "/scale?dryRun=All", JSON_TYPE, scale.o, "\"replicas\":10");
	}
	if (k->verbs & VERB_DELETECOLLECTION)
		must_stay(w, "DELETE", "", now, "", NULL, "");
	must_stay(w, "DELETE", w->name, now, "", NULL, "");
}

static void walk_stored(struct walk *w)
{
	const struct kind *k = w->k;
	autoanswer struct answer before = list(w, "", JSON_TYPE);
	autofree char *from = mem_strdup(version_of(before.o));

	if (!walk_create(w))
		return;
	walk_get(w);
	walk_list(w);
	if (k->verbs & VERB_UPDATE)
		walk_update(w);
	if (k->verbs & VERB_PATCH)
		walk_patch(w);
	if (has_subresource(k, "status"))
		walk_status(w);
	if (has_subresource(k, "scale"))
		walk_scale(w);
	walk_get(w);
	walk_dry(w);
	walk_delete(w);
	walk_watch(w, from);
	if (js_bool(w->about, false, "lingers", NULL))
		return;
	if (k->verbs & VERB_DELETECOLLECTION)
		walk_deletecollection(w);
	if (k->verbs & VERB_PATCH)
		walk_apply(w);
}

/* Kinds that nobody can read again: questions, and bodies with a place of their own. */
static void walk_asked(struct walk *w)
{
	int want = (int)js_int(w->about, 201, "create", NULL);
	autoanswer struct answer a = tell(w, "POST", "", "?fieldValidation=Strict", JSON_TYPE, w->object);

	must_be(w, "create", &a, want);
}

/* What must be there for the server to take the kind's objects. */
static void walk_before(const struct walk *w)
{
	js_array_for_each (o, js_arr(w->about, "before", NULL)) {
		const char *version = js_str0(o, "apiVersion", NULL), *slash = strchr(version, '/');
		autofree char *group = mem_strndup(version, slash ? (size_t)(slash - version) : 0);
		struct walk other = {.k = schema_kind(rig.api.schema, group, slash ? slash + 1 : version,
						      js_str0(o, "kind", NULL))};
		other.object = js_dup(o);
		if (other.k->namespaced)
			js_set_str(js_ensure(other.object, "metadata", NULL), "namespace", "default");
		autoanswer struct answer a = tell(&other, "POST", "", "", JSON_TYPE, other.object);
		if (a.status != 201 && a.status != 409)
			must_be(&other, "before", &a, 201);
		js_autoput(&other.object);
	}
}

static size_t walk_object(const struct kind *k, size_t i)
{
	struct walk w = {.k = k, .about = samples_walk(samples, k), .object = samples_object(samples, k, i)};

	w.name = js_str0(w.object, "metadata", "name", NULL);
	if (k->namespaced)
		js_set_str(js_ensure(w.object, "metadata", NULL), "namespace", "default");
	walk_before(&w);
	if (k->verbs & VERB_GET && !k->virtual) {
		walk_forms(&w);
		walk_stored(&w);
	} else if (k->verbs & VERB_CREATE) {
		walk_asked(&w);
	}
	js_autoput(&w.object);
	js_autoput(&w.stored);
	return w.faults;
}

static bool wanted(const struct kind *k)
{
	if (!only)
		return true;
	for (char **name = only; *name; name++)
		if (!strcmp(*name, k->kind))
			return true;
	return false;
}

static void every_kind_is_walked(void **state)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(rig.api.schema, &kinds), walked = 0, faults = 0;

	/* whose claims may say everything */
	autoreply struct rig_reply labelled = rig_call(
		&rig, "PUT", "/api/v1/namespaces/default",
		JSON("{'metadata':{'name':'default','labels':{'resource.kubernetes.io/admin-access':'true'}}}"));
	assert_int_equal(labelled.status, 200);
	for (size_t i = 0; i < n; i++)
		for (size_t o = 0; wanted(kinds[i]) && o < samples_count(samples, kinds[i]); o++, walked++)
			faults += walk_object(kinds[i], o);
	assert_int_equal(faults, 0);
	assert_true(walked >= (only ? 1 : 14));
}

static void print_samples(void)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(rig.api.schema, &kinds);

	for (size_t i = 0; i < n; i++)
		for (size_t o = 0; wanted(kinds[i]) && o < samples_count(samples, kinds[i]); o++) {
			autojson js *object = samples_object(samples, kinds[i], o);
			autobuf struct buf b = BUF_INIT;
			yaml_write(&b, object);
			printf("---\n%s", buf_str(&b));
		}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_walked),
	};
	struct err err = ERR_INIT;
	bool print = argc > 1 && !strcmp(argv[1], "print");

	only = argc > 1 + print ? argv + 1 + print : NULL;
	clock_fake(clock_wall_ns()); /* what the server stamps is the same whenever it is asked */
	rig_open(&rig);
	samples = samples_load(SAMPLES_DIR, &err);
	if (!samples) {
		print_error("%s\n", err.msg);
		return 1;
	}
	int failed = 0;
	if (print)
		print_samples();
	else
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	samples_free(samples);
	rig_close(&rig);
	return failed;
}
