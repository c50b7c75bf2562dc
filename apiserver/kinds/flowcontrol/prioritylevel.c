/* SPDX-License-Identifier: Apache-2.0 */
/* PriorityLevelConfigurations (kubernetes/kubernetes pkg/apis/flowcontrol/validation). Nothing is limited by them yet. */
#include <math.h>
#include <string.h>
#include "kinds/flowcontrol/initial.h"
#include "kinds/strategies.h"

#define MAX_QUEUES 10000000
/* says in flowcontrol.apiserver.k8s.io/v1beta3 what the other versions need no word for */
#define OF_V1BETA3 "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
#define HASH_BITS 60 /* as many cards can be dealt from one hash */

static void positive(const js *o, const char *key, const char *path, struct field_errors *errs)
{
	if (js_int(o, 0, key, NULL) <= 0)
		field_error_invalid(errs, PATH("%s.%s", path, key), js_field(o, key), "must be positive");
}

static void check_hand(const js *o, int64_t queues, const char *path, struct field_errors *errs)
{
	int64_t hand = js_int(o, 0, "handSize", NULL);
	autofree char *detail = NULL;

	if (hand > queues)
		detail = mem_printf("should not be greater than queues (%lld)", (long long)queues);
	else if (ceil(log2((double)queues) * (double)hand) > HASH_BITS)
		detail = mem_printf(
			"required entropy bits of deckSize %lld and handSize %lld should not be greater than %d",
			(long long)queues, (long long)hand, HASH_BITS);
	if (hand > 0 && detail)
		field_error_invalid(errs, PATH("%s.handSize", path), js_field(o, "handSize"), detail);
}

static void check_queuing(const js *o, const char *path, struct field_errors *errs)
{
	int64_t queues = js_int(o, 0, "queues", NULL);

	positive(o, "queueLengthLimit", path, errs);
	positive(o, "queues", path, errs);
	positive(o, "handSize", path, errs);
	if (queues > MAX_QUEUES)
		field_error_invalid(errs, PATH("%s.queues", path), js_field(o, "queues"),
				    "must not be greater than 10000000");
	check_hand(o, queues, path, errs);
}

static void check_response(const js *response, const char *path, struct field_errors *errs)
{
	const char *type = js_str0(response, "type", NULL);
	const js *queuing = js_obj(response, "queuing", NULL);

	path = PATH("%s.queuing", path);
	if (!strcmp(type, "Reject") && queuing)
		field_error_forbidden(errs, path, "must be nil if limited.limitResponse.type is not Limited");
	if (!strcmp(type, "Queue") && !queuing)
		field_error_required(errs, path,
				     "must not be empty if limited.limitResponse.type is Limited");
	if (!strcmp(type, "Queue") && queuing)
		check_queuing(queuing, path, errs);
}

static void check_spec(const js *spec, const char *name, struct field_errors *errs)
{
	const char *type = js_str0(spec, "type", NULL);
	const js *limited = js_obj(spec, "limited", NULL), *exempt = js_obj(spec, "exempt", NULL);
	bool is_exempt = !strcmp(type, "Exempt"), is_limited = !strcmp(type, "Limited");

	if (is_exempt != !strcmp(name, "exempt"))
		field_error_invalid_str(errs, "spec.type", type,
					"must be 'Exempt' if and only if `name` is 'exempt'");
	if (is_exempt && limited)
		field_error_forbidden(errs, "spec.limited", "must be nil if the type is not Limited");
	if (is_limited && exempt)
		field_error_forbidden(errs, "spec.exempt", "must be nil if the type is Limited");
	if (is_limited && !limited)
		field_error_required(errs, "spec.limited", "must not be empty when type is Limited");
	if (is_limited && limited)
		check_response(js_obj(limited, "limitResponse", NULL), "spec.limited.limitResponse", errs);
}

static void check_mandatory(const js *spec, const char *name, struct field_errors *errs)
{
	if (!strcmp(name, "exempt") &&
	    (strcmp(js_str0(spec, "type", NULL), "Exempt") || js_field(spec, "limited")))
		field_error_invalid(
			errs, "spec", spec,
			"spec of 'exempt' except the 'spec.exempt' field must equal the fixed value");
	if (!strcmp(name, "catch-all") && !initial_holds(INITIAL_LEVELS, name, spec))
		field_error_invalid(errs, "spec", spec, "spec of 'catch-all' must equal the fixed value");
}

static void prioritylevel_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				   struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);
	const char *name = js_str0(new, "metadata", "name", NULL);

	if (!strcmp(ctx->subresource, "status"))
		return;
	if (js_get(new, "metadata", "annotations", OF_V1BETA3, NULL))
		field_error_forbidden(errs, "metadata.annotations",
				      "annotation '" OF_V1BETA3 "' is forbidden");
	check_spec(spec, name, errs);
	check_mandatory(spec, name, errs);
}

static void prioritylevel_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (!old)
		js_set(new, "status", js_new_obj());
}

const struct strategy prioritylevel_strategy = {
	.group = INITIAL_GROUP,
	.kind = "PriorityLevelConfiguration",
	.flags = STRATEGY_STATUS_KEEPS_METADATA,
	.prepare = prioritylevel_prepare,
	.validate = prioritylevel_validate,
};
