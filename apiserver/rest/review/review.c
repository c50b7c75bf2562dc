/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kind of review is a row: what makes its answer. Who may do what is asked at the door of auth/ in any case, so whatever
 * stands behind that door is what reviews tell.
 */
#include "rest/review/review.h"

#include "auth/auth.h"
#include "kinds/strategy.h"
#include "object/name.h"
#include "rest/present.h"
#include "rest/verb/verb.h"

/* Of tokens that are not made for somebody else. */
#define API_AUDIENCE "https://kubernetes.default.svc.cluster.local"

static js *invalid(struct registry_call *c, struct err *err)
{
	static const struct kind nameless = {
		.group = "authorization.k8s.io", .version = "v1", .kind = "", .resource = ""};

	c->about = (struct subject){.kind = &nameless, .name = ""};
	err_set(err, REASON_INVALID, "%s", "");
	return NULL;
}

/* ---- may somebody do something ---- */

struct subject_of { /* a user made of a review's spec */
	struct user user;
	const char **groups;
	struct user_extra *extra;
};

static void subject_release(struct subject_of *s)
{
	free(s->groups);
	free(s->extra);
}

static void add_extra(struct subject_of *s, const js *extra)
{
	size_t n = 0;

	for (struct js_iter it = js_iter(extra); js_next(&it);)
		n += js_len(it.value);
	s->extra = mem_array(n + 1, sizeof(*s->extra));
	for (struct js_iter it = js_iter(extra); js_next(&it);)
		js_array_for_each (v, it.value)
			s->extra[s->user.n_extra++] = (struct user_extra){it.key, js_str0(v, NULL)};
	s->user.extra = s->extra;
}

static void subject_read(struct subject_of *s, const js *spec)
{
	const js *groups = js_arr(spec, "groups", NULL);

	*s = (struct subject_of){
		.user = {.name = js_str0(spec, "user", NULL), .uid = js_str0(spec, "uid", NULL)}};
	s->groups = mem_array(js_len(groups) + 1, sizeof(*s->groups));
	js_array_for_each (g, groups)
		s->groups[g_i] = js_str0(g, NULL);
	s->user.groups = s->groups;
	add_extra(s, js_obj(spec, "extra", NULL));
}

static bool is_allowed(const js *spec, const struct user *user)
{
	const js *r = js_obj(spec, "resourceAttributes", NULL),
		 *path = js_obj(spec, "nonResourceAttributes", NULL);
	struct attributes a = ATTRIBUTES_INIT;
	struct err ignore = ERR_INIT;

	a.user = user;
	a.verb = js_str0(r ? r : path, "verb", NULL);
	a.resource_request = r;
	a.ns = js_str0(r, "namespace", NULL);
	a.group = js_str0(r, "group", NULL);
	a.version = js_str0(r, "version", NULL);
	a.resource = js_str0(r, "resource", NULL);
	a.subresource = js_str0(r, "subresource", NULL);
	a.name = js_str0(r, "name", NULL);
	a.path = js_str0(path, "path", NULL);
	return auth_permit(&a, &ignore) == 0;
}

/* What an operator that is known asks of its values; others may be known to newer clients. */
static void check_requirement(struct field_errors *errs, const js *r, bool labels, const char *path)
{
	const char *op = js_str0(r, "operator", NULL), *key = js_str0(r, "key", NULL);
	const js *values = js_arr(r, "values", NULL);
	struct name_faults bad;

	if (labels && name_check_qualified(key, &bad))
		field_error_names(errs, PATH("%s.key", path), key, &bad);
	if (!labels && !*key)
		field_error_required(errs, PATH("%s.key", path), "must be specified");
	if ((!strcmp(op, "In") || !strcmp(op, "NotIn")) && !js_len(values))
		field_error_required(errs, PATH("%s.values", path),
				     "must be specified when `operator` is 'In' or 'NotIn'");
	if ((!strcmp(op, "Exists") || !strcmp(op, "DoesNotExist")) && js_len(values))
		field_error_forbidden(errs, PATH("%s.values", path),
				      "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	js_array_for_each (v, labels ? values : NULL)
		if (name_check_label_value(js_str0(v, NULL), &bad))
			field_error_names(errs, PATH("%s.values[%zu]", path, v_i), js_str0(v, NULL), &bad);
}

static void check_selector(struct field_errors *errs, const js *r, const char *key)
{
	const js *selector = js_obj(r, key, NULL), *requirements = js_arr(selector, "requirements", NULL);
	const char *raw = js_str0(selector, "rawSelector", NULL),
		   *path = PATH("spec.resourceAttributes.%s", key);
	autofree char *missing =
		mem_printf("when %s is specified, requirements or rawSelector is required", path);

	if (!selector)
		return;
	if (*raw && js_len(requirements))
		field_error_invalid_str(errs, PATH("%s.rawSelector", path), raw,
					"may not specified at the same time as requirements");
	if (!*raw && !js_len(requirements))
		field_error_required(errs, PATH("%s.requirements", path), missing);
	js_array_for_each (q, requirements)
		check_requirement(errs, q, !strcmp(key, "labelSelector"),
				  PATH("%s.requirements[%zu]", path, q_i));
}

static void check_attributes(struct field_errors *errs, const js *spec)
{
	const js *r = js_field(spec, "resourceAttributes"), *path = js_field(spec, "nonResourceAttributes");

	if (r && path)
		field_error_invalid(errs, "spec.nonResourceAttributes", path,
				    "cannot be specified in combination with resourceAttributes");
	if (!r && !path)
		field_error_invalid(
			errs, "spec.resourceAttributes", NULL,
			"exactly one of nonResourceAttributes or resourceAttributes must be specified");
	check_selector(errs, r, "fieldSelector");
	check_selector(errs, r, "labelSelector");
}

static void check_subject(struct field_errors *errs, const js *spec)
{
	if (!*js_str0(spec, "user", NULL) && !js_len(js_field(spec, "groups")))
		field_error_invalid_str(errs, "spec.user", "",
					"at least one of user or group must be specified");
}

static void check_metadata(struct field_errors *errs, const js *review, const char *but, const char *detail)
{
	for (struct js_iter it = js_iter(js_obj(review, "metadata", NULL)); js_next(&it);)
		if (strcmp(it.key, but) && strcmp(it.key, "managedFields")) {
			field_error_invalid(errs, "metadata", js_field(review, "metadata"), detail);
			return;
		}
}

static js *answer_access(js *review, const struct user *user)
{
	js *status = js_new_obj();

	js_set_bool(status, "allowed", is_allowed(js_obj(review, "spec", NULL), user));
	js_set(review, "status", status);
	return review;
}

static js *answer_self(struct registry_call *c, void *arg, js *review, struct err *err)
{
	check_attributes(&c->errs, js_obj(review, "spec", NULL));
	check_metadata(&c->errs, review, "", "must be empty");
	return c->errs.n ? invalid(c, err) : answer_access(review, c->attr->user);
}

static js *answer_about(js *review)
{
	struct subject_of s;

	subject_read(&s, js_obj(review, "spec", NULL));
	answer_access(review, &s.user);
	subject_release(&s);
	return review;
}

static js *answer_subject(struct registry_call *c, void *arg, js *review, struct err *err)
{
	check_attributes(&c->errs, js_obj(review, "spec", NULL));
	check_subject(&c->errs, js_obj(review, "spec", NULL));
	check_metadata(&c->errs, review, "", "must be empty");
	return c->errs.n ? invalid(c, err) : answer_about(review);
}

static js *answer_local(struct registry_call *c, void *arg, js *review, struct err *err)
{
	const js *spec = js_obj(review, "spec", NULL), *r = js_field(spec, "resourceAttributes");
	const char *ns = js_str0(r, "namespace", NULL);

	check_attributes(&c->errs, spec);
	check_subject(&c->errs, spec);
	check_metadata(&c->errs, review, "namespace", "must be empty except for namespace");
	if (r && strcmp(ns, js_str0(review, "metadata", "namespace", NULL)))
		field_error_invalid_str(&c->errs, "spec.resourceAttributes.namespace", ns,
					"must match metadata.namespace");
	if (js_field(spec, "nonResourceAttributes"))
		field_error_invalid(&c->errs, "spec.nonResourceAttributes",
				    js_field(spec, "nonResourceAttributes"),
				    "disallowed on this kind of request");
	return c->errs.n ? invalid(c, err) : answer_about(review);
}

/* ---- what may somebody do ---- */

static void add_words(js *o, const char *key, const char *const *words)
{
	for (; words && *words; words++)
		js_push(js_ensure_arr(o, key), js_new_str(*words));
}

static void add_rule(void *arg, const struct auth_rule *r)
{
	js *status = arg, *rule = js_new_obj();

	add_words(rule, "verbs", r->verbs);
	add_words(rule, "apiGroups", r->groups);
	add_words(rule, "resources", r->resources);
	add_words(rule, "nonResourceURLs", r->paths);
	js_push(js_ensure_arr(status, r->paths ? "nonResourceRules" : "resourceRules"), rule);
}

static js *answer_rules(struct registry_call *c, void *arg, js *review, struct err *err)
{
	const char *ns = js_str0(review, "spec", "namespace", NULL);

	if (!*ns) {
		err_set(err, REASON_BAD_REQUEST, "no namespace on request");
		return NULL;
	}
	js *status = js_new_obj();
	js_ensure_arr(status, "resourceRules");
	js_ensure_arr(status, "nonResourceRules");
	js_set_bool(status, "incomplete", false);
	auth_rules(c->attr->user, add_rule, status);
	js_set(review, "status", status);
	js_set(review, "metadata", js_new_obj()); /* upstream answers with an object of its own */
	js_set(review, "spec", js_new_obj());
	return review;
}

/* ---- who is it ---- */

static js *user_info(const struct user *u)
{
	js *info = js_new_obj();

	js_set_str(info, "username", u->name);
	if (u->uid && *u->uid)
		js_set_str(info, "uid", u->uid);
	add_words(info, "groups", u->groups);
	for (size_t i = 0; i < u->n_extra; i++)
		js_push(js_ensure_arr(js_ensure(info, "extra", NULL), u->extra[i].key),
			js_new_str(u->extra[i].value));
	return info;
}

static js *answer_self_subject(struct registry_call *c, void *arg, js *review, struct err *err)
{
	js *status = js_new_obj();

	js_set(status, "userInfo", user_info(c->attr->user));
	js_set(review, "status", status);
	return review;
}

static bool is_meant_for_us(const js *audiences)
{
	bool ours = !js_len(audiences);

	js_array_for_each (a, audiences)
		ours = ours || !strcmp(js_str0(a, NULL), API_AUDIENCE);
	return ours;
}

static js *answer_token(struct registry_call *c, void *arg, js *review, struct err *err)
{
	const struct operation *o = arg;
	const char *token = js_str0(review, "spec", "token", NULL);

	if (!*token) {
		err_set(err, REASON_BAD_REQUEST, "token is required for TokenReview in authentication");
		return NULL;
	}
	js *status = js_new_obj();
	const struct user *u = is_meant_for_us(js_arr(review, "spec", "audiences", NULL))
				       ? auth_token(o->rq->api->auth, token)
				       : NULL;
	if (u) {
		js_set_bool(status, "authenticated", true);
		js_push(js_ensure_arr(status, "audiences"), js_new_str(API_AUDIENCE));
	} else {
		js_set_str(status, "error", "invalid bearer token");
	}
	js_set(status, "user", u ? user_info(u) : js_new_obj());
	js_set(review, "status", status);
	return review;
}

/* ---- the verb ---- */

static const struct {
	const char *group, *kind;
	registry_answer_fn *answer;
} rows[] = {
	{"authorization.k8s.io", "SelfSubjectAccessReview", answer_self},
	{"authorization.k8s.io", "SubjectAccessReview", answer_subject},
	{"authorization.k8s.io", "LocalSubjectAccessReview", answer_local},
	{"authorization.k8s.io", "SelfSubjectRulesReview", answer_rules},
	{"authentication.k8s.io", "TokenReview", answer_token},
	{"authentication.k8s.io", "SelfSubjectReview", answer_self_subject},
};

static int read_review(struct operation *o, struct err *err)
{
	o->body = body_object(o, o->rq->attr.kind, err);
	return o->body ? 0 : -1;
}

static void start_review(struct operation *o)
{
	const struct kind *k = o->rq->attr.kind;
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(rows) && (strcmp(rows[i].kind, k->kind) || strcmp(rows[i].group, k->group)))
		i++;
	registry_answer(&o->call, STEAL(o->body), rows[i].answer, o);
}

static void present_review(struct operation *o)
{
	present_tree(o->rq, o->rs, 201, o->call.answer);
}

const struct verb review_verb = {"CreateOptions", read_review, start_review, present_review, true};
