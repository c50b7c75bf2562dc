/* SPDX-License-Identifier: Apache-2.0 */
/* See pod.h. What is worked out from several values, or thrown away again, is done in `finish`, before the copy. */
#include "decode/pod.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

/* What the admission plugin DefaultTolerationSeconds adds. */
static const struct toleration default_tolerations[] = {
	{"node.kubernetes.io/not-ready", "", TOLERATION_EXISTS, TAINT_NO_EXECUTE, 300},
	{"node.kubernetes.io/unreachable", "", TOLERATION_EXISTS, TAINT_NO_EXECUTE, 300},
};

/* ---- values ---- */

static bool read_restarts(struct scan *s, struct arena *a, void *field)
{
	int32_t *max = field;
	const char *key;
	int64_t n;
	size_t len;

	if (scan_peek(s) != SCAN_ARRAY)
		return scan_skip(s);
	scan_enter_array(s);
	while (scan_item(s)) {
		if (scan_peek(s) != SCAN_OBJECT) {
			scan_skip(s);
			continue;
		}
		scan_enter_object(s);
		while (scan_key(s, &key, &len)) {
			bool count = scan_key_is(key, len, "restartCount") && scan_peek(s) == SCAN_NUMBER;

			if (!count)
				scan_skip(s);
			else if (scan_int(s, &n) && n > *max)
				*max = n < INT32_MAX ? (int32_t)n : INT32_MAX;
		}
	}
	return !scan_failed(s);
}

static bool read_cost(struct scan *s, struct arena *a, void *field)
{
	const char *p;
	char text[24];
	size_t n;
	bool escaped;

	if (scan_peek(s) != SCAN_STRING)
		return scan_skip(s);
	if (!scan_string(s, &p, &n, &escaped))
		return false;
	if (n < sizeof(text)) {
		memcpy(text, p, n);
		text[n] = '\0';
		*(int32_t *)field = (int32_t)strtol(text, NULL, 10);
	}
	return true;
}

/* ---- tolerations ---- */

static bool same_toleration(const struct toleration *a, const struct toleration *b)
{
	return !strcmp(a->key, b->key) && !strcmp(a->value, b->value) && a->op == b->op &&
	       a->effect == b->effect && a->seconds == b->seconds;
}

static bool is_default(const struct cm_pod *p)
{
	return p->n_tolerations == ARRAY_LEN(default_tolerations) &&
	       same_toleration(&p->tolerations[0], &default_tolerations[0]) &&
	       same_toleration(&p->tolerations[1], &default_tolerations[1]);
}

/* Volumes that are no claims go; what the other kind of set asks for, too. */
static struct cm_set_pod *finish_set(struct cm_set_pod *s, const char *kind, bool bound)
{
	size_t n = 0;

	if (!s || strcmp(kind, "StatefulSet")) {
		if (!s || strcmp(kind, "DaemonSet") || bound || !s->target)
			return NULL;
		s->n_claims = 0;
	} else {
		s->target = NULL;
	}
	for (size_t i = 0; i < s->n_claims; i++)
		if (s->claims[i].claim)
			s->claims[n++] = s->claims[i];
	s->n_claims = n;
	if (!n)
		s->claims = NULL;
	return n || s->target ? s : NULL;
}

static void pod_finish(void *o)
{
	struct cm_pod *p = o;
	size_t n = 0;
	const struct owner_ref *controller = meta_controller(&p->base.meta);

	p->set = finish_set(p->set, controller ? controller->kind : "", *p->node);

	if (!controller || strcmp(controller->kind, "Job")) {
		p->job_meta = NULL;
		p->job_status = NULL;
	}
	for (size_t i = 0; i < p->n_tolerations; i++)
		if (p->tolerations[i].effect == TAINT_ANY || p->tolerations[i].effect == TAINT_NO_EXECUTE)
			p->tolerations[n++] = p->tolerations[i];
	p->n_tolerations = n;
	p->default_tolerations = is_default(p);
	if (p->default_tolerations)
		p->n_tolerations = 0;
	if (!p->n_tolerations)
		p->tolerations = NULL;
	p->ready.reason = p->ready.message = NULL;
}

const struct toleration *cm_pod_tolerations(const struct cm_pod *p, size_t *ret_n)
{
	*ret_n = p->default_tolerations ? ARRAY_LEN(default_tolerations) : p->n_tolerations;
	return p->default_tolerations ? default_tolerations : p->tolerations;
}

bool cm_pod_same_tolerations(const struct cm_pod *a, const struct cm_pod *b)
{
	size_t n, m;
	const struct toleration *t = cm_pod_tolerations(a, &n), *u = cm_pod_tolerations(b, &m);

	if (t == u || n != m)
		return n == m;
	for (size_t i = 0; i < n; i++)
		if (!same_toleration(&t[i], &u[i]))
			return false;
	return true;
}

/* ---- the kind ---- */

static bool read_evicted(struct scan *s, struct arena *a, void *field)
{
	const char *p;
	size_t n;
	bool escaped;

	if (scan_peek(s) != SCAN_STRING)
		return scan_skip(s);
	if (!scan_string(s, &p, &n, &escaped))
		return false;
	*(bool *)field = n == 7 && !memcmp(p, "Evicted", 7);
	return true;
}

struct number { /* a called function's field, which points to nothing */
	int32_t v;
};
static const struct decode_spec number_spec = {.size = sizeof(struct number)};
static const struct decode_spec flag_spec = {.size = sizeof(bool)};
static const struct decode_row annotation_rows[] = {
	DECODE_CALL("controller.kubernetes.io/pod-deletion-cost", struct number, v, read_cost, &number_spec),
};
static const struct decode_spec annotation_spec =
	DECODE_SPEC(struct number, annotation_rows, .literal = true);

struct disruption {
	const char *status, *reason;
	int64_t since_ns;
};
static const struct decode_row disruption_rows[] = {
	DECODE_STRING("status", struct disruption, status),
	DECODE_STRING("reason", struct disruption, reason),
	DECODE_TIME("lastTransitionTime", struct disruption, since_ns),
};
static const struct disruption disruption_initial = {"", "", 0};
static const struct decode_spec disruption_spec =
	DECODE_SPEC(struct disruption, disruption_rows, .initial = &disruption_initial);
struct disruption_found {
	struct disruption v;
};
static const struct decode_row disruption_find[] = {
	DECODE_FIND("conditions", "type", "DisruptionTarget", struct disruption_found, v, &disruption_spec),
};
static const struct decode_spec disruption_status = DECODE_SPEC(struct disruption_found, disruption_find);

/* Few Pods ever have it: bytes are looked for first. */
static bool read_disruption(struct scan *s, struct arena *a, void *field)
{
	static const char name[] = "\"DisruptionTarget\"";
	struct disruption_found found = {{"", "", 0}};
	struct err ignored = ERR_INIT;

	scan_peek(s);
	const char *p = s->p;

	if (!scan_skip(s))
		return false;
	if (!memmem(p, (size_t)(s->p - p), name, sizeof(name) - 1))
		return true;
	autobuf struct buf status = BUF_INIT;

	buf_adds(&status, "{\"conditions\":");
	buf_add(&status, p, (size_t)(s->p - p));
	buf_addc(&status, '}');
	if (decode_into(&disruption_status, buf_str(&status), status.len, a, &found, &ignored) == 0 &&
	    !strcmp(found.v.status, "True") && strcmp(found.v.reason, "TerminationByKubelet") != 0)
		*(int64_t *)field = found.v.since_ns;
	return true;
}
struct moment {
	int64_t v;
};
static const struct decode_spec moment_spec = {.size = sizeof(struct moment)};

/* ---- what Jobs want ---- */

static const struct decode_row mark_rows[] = {
	DECODE_STRING("batch.kubernetes.io/job-completion-index", struct cm_job_marks, index),
	DECODE_STRING("batch.kubernetes.io/job-index-failure-count", struct cm_job_marks, failures),
	DECODE_STRING("batch.kubernetes.io/job-index-ignored-failure-count", struct cm_job_marks,
		      ignored_failures),
};
static const struct decode_spec mark_spec = DECODE_SPEC(struct cm_job_marks, mark_rows, .literal = true);
static const struct decode_row job_meta_rows[] = {
	DECODE_STRUCT("annotations", struct cm_job_pod_meta, marks, &mark_spec),
	DECODE_INT64("deletionGracePeriodSeconds", struct cm_job_pod_meta, grace_s),
};
static const struct decode_spec job_meta_spec = DECODE_SPEC(struct cm_job_pod_meta, job_meta_rows);

static const struct decode_row end_rows[] = {
	DECODE_STRING("name", struct cm_container_end, name),
	DECODE_INT32("restartCount", struct cm_container_end, restarts),
	DECODE_PRESENT("state.terminated", struct cm_container_end, terminated),
	DECODE_INT32("state.terminated.exitCode", struct cm_container_end, exit_code),
	DECODE_TIME("state.terminated.finishedAt", struct cm_container_end, finished_ns),
};
static const struct cm_container_end end_initial = {.name = ""};
static const struct decode_spec end_spec =
	DECODE_SPEC(struct cm_container_end, end_rows, .initial = &end_initial);
static const struct decode_row condition_rows[] = {
	DECODE_STRING("type", struct cm_pod_condition, type),
	DECODE_STRING("status", struct cm_pod_condition, status),
};
static const struct cm_pod_condition condition_initial = {"", ""};
static const struct decode_spec condition_spec =
	DECODE_SPEC(struct cm_pod_condition, condition_rows, .initial = &condition_initial);
static const struct decode_row job_status_rows[] = {
	DECODE_ARRAY("containerStatuses", struct cm_job_pod_status, containers, n_containers, &end_spec),
	DECODE_ARRAY("initContainerStatuses", struct cm_job_pod_status, inits, n_inits, &end_spec),
	DECODE_ARRAY("conditions", struct cm_job_pod_status, conditions, n_conditions, &condition_spec),
};
static const struct decode_spec job_status_spec = DECODE_SPEC(struct cm_job_pod_status, job_status_rows);

/* ---- what DaemonSets and StatefulSets want ---- */

struct target_field {
	const char *key;
	enum selector_op op;
	const char *const *values;
	size_t n;
};
struct target_term {
	struct target_field *fields;
	size_t n;
};
static const struct decode_row target_field_rows[] = {
	DECODE_STRING("key", struct target_field, key),
	DECODE_ENUM("operator", struct target_field, op, selector_op_names),
	DECODE_STRINGS("values", struct target_field, values, n),
};
static const struct target_field target_field_initial = {.key = ""};
static const struct decode_spec target_field_spec =
	DECODE_SPEC(struct target_field, target_field_rows, .initial = &target_field_initial);
static const struct decode_row target_term_rows[] = {
	DECODE_ARRAY("matchFields", struct target_term, fields, n, &target_field_spec),
};
static const struct decode_spec target_term_spec = DECODE_SPEC(struct target_term, target_term_rows);

/* The first field metadata.name of any term decides (daemonset util.GetTargetNodeName). True: it did. */
static bool find_target(const struct target_term *t, const char **ret)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct target_field *f = &t->fields[i];

		if (strcmp(f->key, "metadata.name") || f->op != SELECTOR_IN)
			continue;
		if (f->n == 1)
			*ret = f->values[0];
		return true;
	}
	return false;
}

static bool read_target(struct scan *s, struct arena *a, void *field)
{
	bool found = false;

	if (scan_peek(s) != SCAN_ARRAY)
		return scan_skip(s);
	scan_enter_array(s);
	while (scan_item(s)) {
		struct target_term t = {0};

		if (found || scan_peek(s) != SCAN_OBJECT)
			scan_skip(s);
		else if (decode_value(&target_term_spec, s, a, &t))
			found = find_target(&t, field);
	}
	return !scan_failed(s);
}

struct text {
	const char *s;
};
static const struct decode_row text_rows[] = {DECODE_STRING("", struct text, s)};
static const struct decode_spec text_spec = DECODE_SPEC(struct text, text_rows);
static const struct decode_row claim_rows[] = {
	DECODE_STRING("name", struct cm_pod_claim, volume),
	DECODE_STRING("persistentVolumeClaim.claimName", struct cm_pod_claim, claim),
};
static const struct cm_pod_claim claim_initial = {.volume = ""};
static const struct decode_spec claim_spec =
	DECODE_SPEC(struct cm_pod_claim, claim_rows, .initial = &claim_initial);
static const struct decode_row set_rows[] = {
	DECODE_CALL("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
		    struct cm_set_pod, target, read_target, &text_spec),
	DECODE_ARRAY("volumes", struct cm_set_pod, claims, n_claims, &claim_spec),
};
static const struct decode_spec set_spec = DECODE_SPEC(struct cm_set_pod, set_rows);

/* Metadata comes first in what a server sends: most Pods are neither a Job's nor a set's, and their status is read once. */
static bool is_owned_by(const struct cm_pod *p, const char *kind, const char *or_kind)
{
	const struct owner_ref *controller = meta_controller(&p->base.meta);

	return controller && (!strcmp(controller->kind, kind) || !strcmp(controller->kind, or_kind));
}
static bool is_read(const struct cm_pod *p)
{
	return *p->base.meta.uid;
}
static bool is_no_job_pod(const void *o)
{
	return is_read(o) && !is_owned_by(o, "Job", "");
}
static bool is_no_set_pod(const void *o)
{
	return is_read(o) && !is_owned_by(o, "StatefulSet", "DaemonSet");
}

static const struct decode_row pod_rows[] = {
	DECODE_STRUCT("metadata", struct cm_pod, base.meta, &meta_spec),
	DECODE_POINTER_UNLESS("metadata", struct cm_pod, job_meta, &job_meta_spec, is_no_job_pod),
	DECODE_STRUCT("metadata.annotations", struct cm_pod, deletion_cost, &annotation_spec),
	DECODE_POINTER_UNLESS("spec", struct cm_pod, set, &set_spec, is_no_set_pod),
	DECODE_STRING("spec.nodeName", struct cm_pod, node),
	DECODE_ARRAY("spec.tolerations", struct cm_pod, tolerations, n_tolerations, &toleration_spec),
	DECODE_POINTER_UNLESS("status", struct cm_pod, job_status, &job_status_spec, is_no_job_pod),
	DECODE_ENUM("status.phase", struct cm_pod, phase, podlife_phase_names),
	DECODE_CALL("status.reason", struct cm_pod, evicted, read_evicted, &flag_spec),
	DECODE_CALL("status.conditions", struct cm_pod, disruption_ns, read_disruption, &moment_spec),
	DECODE_FIND("status.conditions", "type", "Ready", struct cm_pod, ready, &podlife_condition_spec),
	DECODE_CALL("status.containerStatuses", struct cm_pod, restarts, read_restarts, &number_spec),
};
static const struct cm_pod pod_initial = {
	.base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""}, .node = ""};
static const struct decode_spec pod_spec =
	DECODE_SPEC(struct cm_pod, pod_rows, .initial = &pod_initial, .finish = pod_finish);

static void index_pod(const void *o, size_t i, struct informer_keys *keys)
{
	const struct cm_pod *p = o;

	if (i != INDEX_POD_NODE)
		cm_index(o, i, keys);
	else if (*p->node)
		informer_keys_add(keys, p->node);
}

const struct informer_type cm_pod_type = {
	.group = "",
	.version = "v1",
	.resource = "pods",
	.kind = "Pod",
	.rows = &pod_spec,
	.n_indexes = INDEX_POD_COUNT,
	.index = index_pod,
};

bool cm_pod_active(const struct cm_pod *p)
{
	return podlife_active(p->phase, &p->base.meta);
}

bool cm_pod_ready(const struct cm_pod *p)
{
	return p->ready.status == CONDITION_TRUE;
}

bool cm_pod_available(const struct cm_pod *p, int32_t min_ready_seconds, int64_t now)
{
	return podlife_condition_true_for(&p->ready, min_ready_seconds, now);
}
