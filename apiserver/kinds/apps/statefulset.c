/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StatefulSets (kubernetes/kubernetes pkg/registry/apps/statefulset, pkg/apis/apps/validation). Claims that are made from
 * volumeClaimTemplates are volumes that the template does not have yet: it is looked at with them.
 */
#include "kinds/apps/rolling.h"
#include "kinds/apps/workload.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include "base/map.h"
#include "base/unique.h"
#include "object/name.h"

#define OTHERS                                                                                               \
	"updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"

static const struct workload_words words = {
	.empty = "empty selector is invalid for statefulset",
	.bad = "",
	.deadline = "activeDeadlineSeconds in StatefulSet is not Supported",
};

/* ---- defaults ---- */

static void default_update(js *spec)
{
	js *strategy = js_ensure(spec, "updateStrategy", NULL);

	if (!*js_str0(strategy, "type", NULL)) {
		js_set_str(strategy, "type", "RollingUpdate");
		js_ensure(strategy, "rollingUpdate", NULL);
	}
	js *rolling = js_obj(strategy, "rollingUpdate", NULL);
	if (rolling && !strcmp(js_str0(strategy, "type", NULL), "RollingUpdate") &&
	    !js_field(rolling, "partition"))
		js_set_int(rolling, "partition", 0);
	js_del(rolling, "maxUnavailable"); /* which upstream has, but does not offer */
}

static void statefulset_default(js *o)
{
	js *spec = js_obj(o, "spec", NULL);

	workload_default(o);
	if (spec)
		default_update(spec);
	js_array_for_each (claim, js_arr(spec, "volumeClaimTemplates", NULL)) {
		js_set_str(claim, "kind", "PersistentVolumeClaim");
		js_set_str(claim, "apiVersion", "v1");
	}
}

static void statefulset_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	podspec_drop_of_template(new, old);
	if (old)
		return;
	js *status = js_new_obj();
	js_set_int(status, "replicas", 0);
	js_set_int(status, "availableReplicas", 0);
	js_set(new, "status", status);
}

/* ---- what may be ---- */

static void validate_update(const js *strategy, struct field_errors *errs)
{
	const js *rolling = js_obj(strategy, "rollingUpdate", NULL);
	const char *type = js_str0(strategy, "type", NULL);

	if (!strcmp(type, "OnDelete")) {
		if (!rolling)
			return;
		autojson js *shown = rolling_shown_update(rolling, rolling_of_statefulsets);
		field_errors_drop(errs, "spec.updateStrategy.rollingUpdate");
		field_error_invalid(errs, "spec.updateStrategy.rollingUpdate", shown,
				    "only allowed for updateStrategy 'RollingUpdate'");
	} else if (strcmp(type, "RollingUpdate")) {
		autojson js *shown = rolling_shown(strategy, rolling_of_statefulsets);
		field_errors_drop(errs, "spec.updateStrategy");
		field_error_invalid(errs, "spec.updateStrategy", shown,
				    "must be 'RollingUpdate' or 'OnDelete'");
	}
}

/* Upstream takes one of two words for wrong, not for unsupported. */
static void validate_management(const js *spec, struct field_errors *errs)
{
	static const char path[] = "spec.podManagementPolicy";

	if (!field_errors_has(errs, path))
		return;
	field_errors_drop(errs, path);
	field_error_invalid(errs, path, js_field(spec, "podManagementPolicy"),
			    "must be 'OrderedReady' or 'Parallel'");
}

/* The template with a volume for each claim; one of the same name gives way. */
static js *with_claims(const js *spec)
{
	js *template = js_dup(js_obj(spec, "template", NULL));
	const js *claims = js_arr(spec, "volumeClaimTemplates", NULL);

	if (!js_len(claims))
		return template;
	js *volumes = js_ensure_arr(js_ensure(template, "spec", NULL), "volumes");
	automap struct map own = MAP_INIT;
	js_array_for_each (v, volumes)
		map_set(&own, js_str0(v, "name", NULL), v);
	js_array_for_each (c, claims) {
		const char *name = js_str0(c, "metadata", "name", NULL);
		js *volume = map_get(&own, name);
		if (!volume)
			js_push(volumes, volume = js_new_obj());
		json_object_object_foreach (volume, key, value)
			json_object_object_del(volume, key);
		js_set_str(volume, "name", name);
		js_set_str(js_ensure(volume, "persistentVolumeClaim", NULL), "claimName", name);
		map_set(&own, name, volume);
	}
	return template;
}

/* What the schema would have said of the volumes that claims become. */
static void validate_volumes(const js *spec, const js *template, struct field_errors *errs)
{
	autounique struct unique claims = {.n = 0};
	struct name_faults bad;

	js_array_for_each (c, js_arr(spec, "volumeClaimTemplates", NULL))
		unique_seen(&claims, js_str0(c, "metadata", "name", NULL));
	js_array_for_each (v, js_arr(template, "spec", "volumes", NULL)) {
		const char *name = js_str0(v, "name", NULL),
			   *path = PATH("spec.template.spec.volumes[%zu]", v_i);
		if (!unique_has(&claims, name))
			continue;
		if (!*name) {
			field_error_required(errs, PATH("%s.persistentVolumeClaim.claimName", path), "");
			field_error_required(errs, PATH("%s.name", path), "");
		} else if (name_check_dns1123_label(name, &bad)) {
			field_error_names(errs, PATH("%s.name", path), name, &bad);
		}
	}
}

static void validate_template(const js *spec, struct field_errors *errs)
{
	static const char *const named[] = {"hostname",
					    "subdomain"}; /* by the controller, so nobody looks at them */
	autojson js *template = with_claims(spec);

	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		field_errors_drop(errs, PATH("spec.template.spec.%s", named[i]));
		js_del(js_obj(template, "spec", NULL), named[i]);
	}
	validate_volumes(spec, template, errs);
	podspec_validate_template(template, "spec.template", errs);
}

/* A template that was wrong before it was looked at may stay so. */
static bool was_wrong(const js *old)
{
	struct field_errors errs = {.n = 0};

	validate_template(js_obj(old, "spec", NULL), &errs);
	bool wrong = errs.n > 0;
	field_errors_release(&errs);
	return wrong;
}

static void validate_new(const js *spec, struct field_errors *errs)
{
	const char *service = js_str0(spec, "serviceName", NULL);
	struct name_faults bad;

	if (*service && name_check_dns1123_label(service, &bad))
		field_error_names(errs, "spec.serviceName", service, &bad);
	js_array_for_each (c, js_arr(spec, "volumeClaimTemplates", NULL))
		podspec_validate_claim(js_obj(c, "spec", NULL),
				       PATH("spec.volumeClaimTemplates[%zu].spec", c_i), errs);
}

static void validate_fixed(const js *spec, const js *old, struct field_errors *errs)
{
	static const char *const fixed[] = {"selector", "volumeClaimTemplates", "serviceName",
					    "podManagementPolicy"};

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (!js_equal(js_field(spec, fixed[i]), js_field(old, fixed[i]))) {
			errs->look = 'u';
			field_error_forbidden(errs, "spec", OTHERS);
			errs->look = 0;
			return;
		}
}

static void validate_status(const js *new, const js *old, struct field_errors *errs)
{
	static const char most[] = "cannot be greater than status.replicas";
	static const struct workload_rule rules[] = {
		{"readyReplicas", "replicas", most},
		{"currentReplicas", "replicas", most},
		{"updatedReplicas", "replicas", most},
		{"availableReplicas", "replicas", most},
		{"availableReplicas", "readyReplicas", "cannot be greater than status.readyReplicas"},
	};

	workload_validate_counts(new, rules, ARRAY_LEN(rules), errs);
	workload_validate_collisions(new, old, errs);
}

static void statefulset_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				 struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *was = js_obj(old, "spec", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		validate_status(new, old, errs);
		return;
	}
	validate_management(spec, errs);
	validate_update(js_obj(spec, "updateStrategy", NULL), errs);
	workload_validate_selector(new, &words, errs);
	if (!old)
		validate_new(spec, errs);
	else
		validate_fixed(spec, was, errs);
	if (!old || (!js_equal(js_field(spec, "template"), js_field(was, "template")) && !was_wrong(old)))
		validate_template(spec, errs);
	workload_validate_lasting(new, &words, errs);
}

static void statefulset_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	workload_warn_template(ctx, new, old);
	if (*ctx->subresource)
		return;
	js_array_for_each (c, js_arr(new, "spec", "volumeClaimTemplates", NULL))
		podspec_warn_claim(ctx, js_obj(c, "spec", NULL),
				   PATH("spec.volumeClaimTemplates[%zu]%s", c_i, old ? ".Spec" : ""));
	if (js_int(new, 0, "spec", "revisionHistoryLimit", NULL) < 0)
		strategy_warn(
			ctx,
			"spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended");
}

const struct strategy statefulset_strategy = {
	.group = "apps",
	.kind = "StatefulSet",
	.prepare = statefulset_prepare,
	.default_more = statefulset_default,
	.warn = statefulset_warn,
	.validate = statefulset_validate,
};
