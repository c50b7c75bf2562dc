/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CertificateSigningRequests (kubernetes/kubernetes pkg/registry/certificates/certificates, pkg/apis/certificates/
 * validation). Three ways in, each of which may change one part: …/approval the conditions, …/status the certificate and
 * conditions other than Approved and Denied, the object itself neither. What was wrong already may stay.
 */
#include "base/base64.h"
#include "base/unique.h"
#include "kinds/certificates/pem.h"
#include "kinds/strategies.h"
#include "object/name.h"
#include "object/rfc3339.h"
#include "request/user.h"

#define CONDITIONS "status.conditions"
#define CERTIFICATE "status.certificate"
#define LEGACY "kubernetes.io/legacy-unknown"
#define MIN_SECONDS 600
#define DOMAIN_MAX 253
#define SIGNER_MAX (DOMAIN_MAX + DOMAIN_MAX + 63 + 2)

static const char *const decisions[] = {"Approved", "Denied", "Failed"};
#define APPROVALS 2 /* the first of them */

static const js *conditions_of(const js *o)
{
	return js_arr(o, "status", "conditions", NULL);
}

static const char *type_of(const js *condition)
{
	return js_str0(condition, "type", NULL);
}

/* ---- what the server sets ---- */

static void add_extra(js *spec, const struct user *u)
{
	for (size_t i = 0; i < u->n_extra; i++)
		js_push(js_ensure_arr(js_ensure(spec, "extra", NULL), u->extra[i].key),
			js_new_str(u->extra[i].value));
}

static void name_requester(js *spec, const struct user *u)
{
	static const char *const fields[] = {"username", "uid", "groups", "extra"};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		js_del(spec, fields[i]);
	if (!u)
		return;
	if (*u->name)
		js_set_str(spec, "username", u->name);
	if (*u->uid)
		js_set_str(spec, "uid", u->uid);
	for (size_t i = 0; u->groups && u->groups[i]; i++)
		js_push(js_ensure_arr(spec, "groups"), js_new_str(u->groups[i]));
	add_extra(spec, u);
}

/* When the condition came to be so: as before, if it was so with that status. */
static const char *transition(const js *condition, const js *old, const char *now)
{
	js_array_for_each (c, conditions_of(old)) {
		const char *when = js_str(c, "lastTransitionTime", NULL);
		if (when && !strcmp(type_of(c), type_of(condition)) &&
		    js_equal(js_field(c, "status"), js_field(condition, "status")))
			return when;
	}
	return now;
}

static void stamp_conditions(const struct strategy_ctx *ctx, js *new, const js *old)
{
	char now[RFC3339_MAX];

	rfc3339_format(ctx->now_ns, now);
	js_array_for_each (c, conditions_of(new)) {
		if (!js_field(c, "lastUpdateTime"))
			js_set_str(c, "lastUpdateTime", now);
		if (!js_field(c, "lastTransitionTime"))
			js_set_str(c, "lastTransitionTime", transition(c, old, now));
	}
}

static size_t count_of(const js *o, const char *type)
{
	size_t n = 0;

	js_array_for_each (c, conditions_of(o))
		n += !strcmp(type_of(c), type);
	return n;
}

static const js *nth_of(const js *o, const char *type, size_t n)
{
	js_array_for_each (c, conditions_of(o))
		if (!strcmp(type_of(c), type) && !n--)
			return c;
	return NULL;
}

/* A signer leaves approvals as they are: nearly always there is one, or none. */
static void keep_approvals(js *new, const js *old)
{
	for (size_t i = 0; i < APPROVALS; i++) {
		js *list = js_arr(new, "status", "conditions", NULL);
		size_t n = count_of(new, decisions[i]), nth = 0;
		if (!n || n > 1 || n != count_of(old, decisions[i]))
			continue; /* validation tells of it */
		js_array_for_each (c, list)
			if (!strcmp(type_of(c), decisions[i]))
				json_object_array_put_idx(list, c_i,
							  js_dup(nth_of(old, decisions[i], nth++)));
	}
}

static void csr_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (!old) {
		name_requester(js_ensure(new, "spec", NULL), ctx->user);
		js_set(new, "status", js_new_obj());
		return;
	}
	strategy_carry(new, old, "spec");
	if (!strcmp(ctx->subresource, "status"))
		keep_approvals(new, old);
	if (*ctx->subresource)
		stamp_conditions(ctx, new, old);
	if (!strcmp(ctx->subresource, "approval")) {
		js *status = js_ensure(new, "status", NULL);
		strategy_carry(status, js_obj(old, "status", NULL), "certificate");
	}
}

/* ---- the request ---- */

static bool decode(const js *text, struct buf *ret)
{
	struct err ignore = ERR_INIT;
	const char *s = js_str0(text, NULL);

	return base64_decode(ret, s, strlen(s), &ignore) == 0;
}

static void check_label(const char *label, size_t n, const char *shown, name_check *check, bool *more,
			struct field_errors *errs)
{
	autofree char *text = mem_strndup(label, n);
	struct name_faults bad;

	*more = !check(text, &bad);
	for (size_t i = 0; i < bad.n; i++) {
		autofree char *detail = mem_printf("validating label \"%s\": %s", text, bad.v[i]);
		field_error_invalid_str(errs, "spec.signerName", shown, detail);
	}
}

/* Labels between dots, up to the first that is wrong. The number of them. */
static size_t check_labels(const char *segment, name_check *check, struct field_errors *errs)
{
	size_t dots = 0;
	bool more = true;

	for (const char *p = segment; *p; p++)
		dots += *p == '.';
	for (const char *p = segment; more; p++) {
		size_t n = strcspn(p, ".");
		check_label(p, n, segment, check, &more, errs);
		p += n;
		if (!*p)
			break;
	}
	return dots + 1;
}

static void check_signer(const char *name, struct field_errors *errs)
{
	static const char path[] = "spec.signerName";
	const char *slash = strchr(name, '/');

	if (!*name) {
		field_error_required(errs, path, "");
		return;
	}
	if (!slash || strchr(slash + 1, '/')) {
		field_error_invalid_str(
			errs, path, name,
			"must be a fully qualified domain and path of the form 'example.com/signer-name'");
		return;
	}
	autofree char *domain = mem_strndup(name, (size_t)(slash - name));
	if (strlen(domain) > DOMAIN_MAX)
		field_error_too_long(errs, path, DOMAIN_MAX);
	if (check_labels(domain, name_check_dns1123_label, errs) < 2)
		field_error_invalid_str(errs, path, domain,
					"should be a domain with at least two segments separated by dots");
	check_labels(slash + 1, name_check_dns1123_subdomain, errs);
	if (strlen(name) > SIGNER_MAX)
		field_error_too_long(errs, path, SIGNER_MAX);
}

static void check_usages(const js *usages, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	if (!js_len(usages))
		field_error_required(errs, "spec.usages", "");
	js_array_for_each (u, usages)
		if (unique_seen(&seen, js_str0(u, NULL)))
			field_error_duplicate(errs, PATH("spec.usages[%zu]", u_i), js_str0(u, NULL));
}

static void check_spec(const js *spec, struct field_errors *errs)
{
	const js *seconds = js_field(spec, "expirationSeconds");
	const char *signer = js_str0(spec, "signerName", NULL);
	autobuf struct buf pem = BUF_INIT;
	struct err why = ERR_INIT;

	if (!decode(js_field(spec, "request"), &pem) || pem_check_request(buf_str(&pem), pem.len, &why) < 0)
		field_error_invalid(errs, "spec.request", js_field(spec, "request"), why.msg);
	check_usages(js_arr(spec, "usages", NULL), errs);
	if (!strcmp(signer, LEGACY))
		field_error_invalid_str(errs, "spec.signerName", signer,
					"the legacy signerName is not allowed via this API version");
	else
		check_signer(signer, errs);
	if (seconds && js_int(seconds, 0, NULL) < MIN_SECONDS)
		field_error_invalid(errs, "spec.expirationSeconds", seconds,
				    "may not specify a duration less than 600 seconds (10 minutes)");
}

/* ---- the answer ---- */

static bool is_decision(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(decisions); i++)
		if (!strcmp(decisions[i], type))
			return true;
	return false;
}

static void check_status_of(const js *c, size_t i, struct field_errors *errs)
{
	static const char *const all[] = {"False", "True", "Unknown", NULL}, *const only[] = {"True", NULL};
	const char *const *allowed = is_decision(type_of(c)) ? only : all;
	const char *status = js_str0(c, "status", NULL), *path = PATH(CONDITIONS "[%zu].status", i);
	size_t a = 0;

	while (allowed[a] && strcmp(allowed[a], status))
		a++;
	if (!*status)
		field_error_required(errs, path, "");
	else if (!allowed[a])
		field_error_not_supported(errs, path, status, allowed);
}

static bool has_both(const js *o)
{
	return count_of(o, "Approved") && count_of(o, "Denied");
}

static void check_conditions(const js *new, const js *old, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};
	bool both = has_both(old);

	js_array_for_each (c, conditions_of(new)) {
		const char *type = type_of(c), *path = PATH(CONDITIONS "[%zu].type", c_i);
		const char *other = !strcmp(type, "Approved") ? "Denied"
				    : !strcmp(type, "Denied") ? "Approved"
							      : "";
		check_status_of(c, c_i, errs);
		if (*other && !both && unique_has(&seen, other))
			field_error_invalid_str(errs, CONDITIONS, type,
						"Approved and Denied conditions are mutually exclusive");
		if (unique_seen(&seen, type))
			field_error_duplicate(errs, path, type);
	}
}

static bool same_instances(const js *new, const js *old, const char *type)
{
	for (size_t i = 0; i < count_of(old, type); i++)
		if (!js_equal(nth_of(new, type, i), nth_of(old, type, i)))
			return false;
	return true;
}

static void refuse_change(const char *verb, const char *type, struct field_errors *errs)
{
	autofree char *detail = mem_printf("updates may not %s a condition of type \"%s\"", verb, type);

	field_error_forbidden(errs, CONDITIONS, detail);
}

/* Decisions stay, and approvals are made at their own subresource only. */
static void check_decisions(const js *new, const js *old, bool approval, struct field_errors *errs)
{
	for (size_t i = 0; i < ARRAY_LEN(decisions); i++)
		if (count_of(new, decisions[i]) < count_of(old, decisions[i]))
			refuse_change("remove", decisions[i], errs);
	for (size_t i = 0; i < APPROVALS && !approval; i++) {
		size_t is = count_of(new, decisions[i]), was = count_of(old, decisions[i]);
		if (is > was)
			refuse_change("add", decisions[i], errs);
		else if (is == was && !same_instances(new, old, decisions[i]))
			refuse_change("modify", decisions[i], errs);
	}
}

static void check_certificate(const js *new, const js *old, bool signer, struct field_errors *errs)
{
	const js *is = js_get(new, "status", "certificate", NULL),
		 *was = js_get(old, "status", "certificate", NULL);
	autobuf struct buf pem = BUF_INIT;
	struct err why = ERR_INIT;

	if (!strcmp(js_str0(is, NULL), js_str0(was, NULL)))
		return;
	if (!decode(is, &pem) || pem_check_certificates(buf_str(&pem), pem.len, &why) < 0)
		field_error_invalid_str(errs, CERTIFICATE, "<certificate data>", why.msg);
	errs->look = 'u';
	if (!signer)
		field_error_forbidden(errs, CERTIFICATE, "updates may not set certificate content");
	else if (*js_str0(was, NULL))
		field_error_forbidden(errs, CERTIFICATE,
				      "updates may not modify existing certificate content");
	errs->look = 0;
}

static void csr_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			 struct field_errors *errs)
{
	if (!old)
		check_spec(js_obj(new, "spec", NULL), errs);
	check_conditions(new, old, errs);
	if (!old)
		return;
	errs->look = 'u';
	check_decisions(new, old, !strcmp(ctx->subresource, "approval"), errs);
	errs->look = 0;
	check_certificate(new, old, !strcmp(ctx->subresource, "status"), errs);
}

const struct strategy csr_strategy = {
	.group = "certificates.k8s.io",
	.kind = "CertificateSigningRequest",
	.flags = STRATEGY_STATUS_PARTS,
	.prepare = csr_prepare,
	.validate = csr_validate,
};
