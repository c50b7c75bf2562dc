/* SPDX-License-Identifier: Apache-2.0 */
/*
 * APIServices (kubernetes/kubernetes staging/src/k8s.io/kube-aggregator pkg/apis/apiregistration/validation,
 * pkg/registry/apiservice). What this server serves itself is available at once; nobody asks other servers yet.
 */
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/name.h"
#include "object/rfc3339.h"

static js *local_status(int64_t now_ns)
{
	js *status = js_new_obj(), *condition = js_new_obj();
	char now[RFC3339_MAX];

	rfc3339_format(now_ns, now);
	js_set_str(condition, "type", "Available");
	js_set_str(condition, "status", "True");
	js_set_str(condition, "lastTransitionTime", now);
	js_set_str(condition, "reason", "Local");
	js_set_str(condition, "message", "Local APIServices are always available");
	js_push(js_ensure_arr(status, "conditions"), condition);
	return status;
}

static void apiservice_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (!old)
		js_set(new, "status",
		       js_obj(new, "spec", "service", NULL) ? js_new_obj() : local_status(ctx->now_ns));
}

static void check_names(const js *o, const char *group, const char *version, struct field_errors *errs)
{
	static const char *const names[] = {"generateName", "name"};
	autofree char *wanted = mem_printf("%s.%s", version, group);
	autofree char *detail = mem_printf("must be `spec.version+\".\"+spec.group`: \"%s\"", wanted);
	struct name_faults wrong;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *name = js_str0(o, "metadata", names[i], NULL);
		if (*name && strcmp(name, wanted) && !name_check_path_segment(name, &wrong))
			field_error_invalid_str(errs, PATH("metadata.%s", names[i]), name, detail);
	}
	if (!*group && strcmp(version, "v1"))
		field_error_required(errs, "spec.group",
				     "only v1 may have an empty group and it better be legacy kube");
	if (*group && name_check_dns1123_subdomain(group, &wrong))
		field_error_names(errs, "spec.group", group, &wrong);
	if (name_check_dns1035_label(version, &wrong))
		field_error_names(errs, "spec.version", version, &wrong);
}

static void check_priority(const js *spec, const char *key, int64_t most, struct field_errors *errs)
{
	int64_t n = js_int(spec, 0, key, NULL);
	autofree char *detail = mem_printf("must be positive and less than %lld", (long long)most);

	if (n <= 0 || n > most)
		field_error_invalid(errs, PATH("spec.%s", key), js_field(spec, key), detail);
}

static void check_trust(const js *spec, struct field_errors *errs)
{
	const js *bundle = js_field(spec, "caBundle"), *skip = js_field(spec, "insecureSkipTLSVerify");
	bool local = !js_obj(spec, "service", NULL), skips = js_bool(skip, false, NULL);
	size_t n = bundle ? check_bytes(bundle) : 0;
	autofree char *shown = mem_printf("%zu bytes", n);

	if (local && n)
		field_error_invalid_str(errs, "spec.caBundle", shown,
					"local APIServices may not have a caBundle");
	if (skips && (local || n))
		field_error_invalid(errs, "spec.insecureSkipTLSVerify", skip,
				    local ? "local APIServices may not have insecureSkipTLSVerify"
					  : "may not be true if caBundle is present");
}

static void apiservice_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);

	if (!strcmp(ctx->subresource, "status"))
		return;
	check_names(new, js_str0(spec, "group", NULL), js_str0(spec, "version", NULL), errs);
	check_priority(spec, "groupPriorityMinimum", 20000, errs);
	check_priority(spec, "versionPriority", 1000, errs);
	check_trust(spec, errs);
}

const struct strategy apiservice_strategy = {
	.group = "apiregistration.k8s.io",
	.kind = "APIService",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_STATUS_KEEPS_METADATA,
	.prepare = apiservice_prepare,
	.validate = apiservice_validate,
};
