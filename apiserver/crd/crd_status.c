/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a definition's status should say (kubernetes/apiextensions-apiserver pkg/controller/{status,establish,apiapproval}).
 *
 * Upstream waits five seconds between «names accepted» and «established» when there are several API servers, so that
 * each of them has learnt of the definition by then. Here each serves it as soon as its own cache knows it, which is
 * when it knows the status, too: both come by the same watch, in order.
 */
#include <string.h>
#include "crd/crd_internal.h"
#include "kinds/apiextensions/definition.h"
#include "object/condition.h"
#include "view/definition.h"

bool crd_condition_is_true(const js *status, const char *type)
{
	const js *c = condition_find(js_arr(status, "conditions", NULL), type);

	return !strcmp(js_str0(c, "status", NULL), "True");
}

/* ---- names ---- */

struct naming {
	struct views *views;
	const struct schema *schema;
	const char *group;
	js *accepted;
	const char *reason; /* NULL: no conflict */
	struct buf message;
};

/* The kinds of the start have their names before anybody else. */
static bool built_in(const struct naming *n, enum view_crd_name what, const char *name)
{
	const struct kind *const *kinds;
	size_t count = schema_kinds(n->schema, &kinds);

	for (size_t i = 0; i < count; i++) {
		const struct kind *k = kinds[i];
		if (strcmp(k->group, n->group) || k->type->structural)
			continue;
		if (what == VIEW_CRD_KIND ? !strcmp(k->kind, name) || !strcmp(k->list_kind, name)
					  : !strcmp(k->resource, name) || !strcmp(k->singular, name))
			return true;
		for (const char **s = k->short_names; what == VIEW_CRD_RESOURCE && *s; s++)
			if (!strcmp(*s, name))
				return true;
	}
	return false;
}

static bool in_use(const struct naming *n, enum view_crd_name what, const char *name)
{
	return view_crd_granted(n->views, n->group, what, name) || built_in(n, what, name);
}

static void accept_name(struct naming *n, const js *wanted, const char *key, enum view_crd_name what,
			const char *reason)
{
	const char *want = js_str0(wanted, key, NULL), *is = js_str0(n->accepted, key, NULL);

	if (!strcmp(want, is))
		return;
	if (!in_use(n, what, want)) {
		js_set_str(n->accepted, key, want);
		return;
	}
	n->reason = reason;
	buf_clear(&n->message);
	buf_addf(&n->message, "\"%s\" is already in use", want);
}

static bool has(const js *list, const char *text)
{
	js_array_for_each (item, list)
		if (!strcmp(js_str0(item, NULL), text))
			return true;
	return false;
}

static void take_list(js *accepted, const js *wanted, const char *key)
{
	const js *list = js_arr(wanted, key, NULL);

	if (js_len(list))
		js_set(accepted, key, js_dup(list));
	else
		js_del(accepted, key);
}

/* All of them or none. */
static void accept_shorts(struct naming *n, const js *wanted)
{
	const js *mine = js_arr(n->accepted, "shortNames", NULL);
	autobuf struct buf message = BUF_INIT;
	size_t taken = 0;

	js_array_for_each (item, js_arr(wanted, "shortNames", NULL)) {
		const char *name = js_str0(item, NULL);
		if (has(mine, name) || !in_use(n, VIEW_CRD_RESOURCE, name))
			continue;
		buf_addf(&message, "%s\"%s\" is already in use", taken++ ? ", " : "", name);
	}
	if (!taken) {
		take_list(n->accepted, wanted, "shortNames");
		return;
	}
	n->reason = "ShortNamesConflict";
	buf_clear(&n->message);
	buf_addf(&n->message, taken > 1 ? "[%s]" : "%s", buf_str(&message));
}

static bool accept_names(struct views *views, const struct schema *schema, const js *crd, js *status,
			 int64_t now_ns)
{
	const js *wanted = js_obj(crd, "spec", "names", NULL);
	js *conditions = js_ensure_arr(status, "conditions");
	struct naming n = {.views = views,
			   .schema = schema,
			   .group = js_str0(crd, "spec", "group", NULL),
			   .accepted = js_ensure(status, "acceptedNames", NULL)};

	if (js_equal(wanted, n.accepted) && condition_find(conditions, "NamesAccepted"))
		return false;
	accept_name(&n, wanted, "plural", VIEW_CRD_RESOURCE, "PluralConflict");
	accept_name(&n, wanted, "singular", VIEW_CRD_RESOURCE, "SingularConflict");
	accept_shorts(&n, wanted);
	accept_name(&n, wanted, "kind", VIEW_CRD_KIND, "KindConflict");
	accept_name(&n, wanted, "listKind", VIEW_CRD_KIND, "ListKindConflict");
	take_list(n.accepted, wanted, "categories");
	condition_set(conditions, "NamesAccepted", n.reason ? "False" : "True",
		      n.reason ? n.reason : "NoConflicts",
		      n.reason ? buf_str(&n.message) : "no conflicts found", now_ns, false);
	buf_release(&n.message);
	return n.reason != NULL;
}

/* Once true it stays. */
static void establish(const js *crd, js *status, int64_t now_ns)
{
	js *conditions = js_ensure_arr(status, "conditions");

	if (crd_condition_is_true(status, "Established"))
		return;
	if (!crd_condition_is_true(status, "NamesAccepted")) {
		if (!condition_find(conditions, "Established"))
			condition_set(conditions, "Established", "False", "NotAccepted",
				      "not all names are accepted", now_ns, false);
	} else if (definition_has_valid_authorities(crd)) {
		condition_set(conditions, "Established", "True", "InitialNamesAccepted",
			      "the initial names have been accepted", now_ns, false);
	} else {
		condition_set(conditions, "Established", "False", "InvalidCABundle",
			      "The conversion webhook CABundle is invalid", now_ns, false);
	}
}

static void judge_approval(const js *crd, js *status, int64_t now_ns)
{
	const char *text = js_str0(crd, "metadata", "annotations", DEFINITION_APPROVED, NULL);
	autobuf struct buf message = BUF_INIT;

	if (!definition_is_protected(js_str0(crd, "spec", "group", NULL)))
		return;
	const char *reason = definition_approval(text, &message);
	condition_set(js_ensure_arr(status, "conditions"), "KubernetesAPIApprovalPolicyConformant",
		      strcmp(reason, "ApprovedAnnotation") ? "False" : "True", reason, buf_str(&message),
		      now_ns, false);
}

/* Whatever has come through this API is structural; what was in the store before may not be. */
static void judge_structure(const js *crd, js *status, int64_t now_ns)
{
	js *conditions = js_ensure_arr(status, "conditions");
	autobuf struct buf message = BUF_INIT;
	const char *reason = definition_judge_structure(crd, &message);

	if (reason) {
		condition_set(conditions, "NonStructuralSchema",
			      strcmp(reason, "Violations") ? "Unknown" : "True", reason, buf_str(&message),
			      now_ns, false);
		return;
	}
	for (size_t i = js_len(conditions); i-- > 0;)
		if (!strcmp(js_str0(js_at(conditions, i), "type", NULL), "NonStructuralSchema"))
			js_del_at(conditions, i);
}

js *crd_status(struct views *views, const struct schema *schema, const js *crd, int64_t now_ns,
	       bool *ret_conflict)
{
	const js *is = js_obj(crd, "status", NULL);
	js *status = is ? js_dup(is) : js_new_obj();

	*ret_conflict = accept_names(views, schema, crd, status, now_ns);
	establish(crd, status, now_ns);
	judge_approval(crd, status, now_ns);
	judge_structure(crd, status, now_ns);
	return status;
}
