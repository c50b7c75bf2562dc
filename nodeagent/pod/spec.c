/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/spec.h"

#include <stdio.h>
#include <stdlib.h>

#include "object/quantity.h"

/* Far beyond any machine; sums and products of these do not overflow. */
#define AMOUNT_MAX (INT64_C(1) << 46)
#define SECONDS_MAX (INT64_C(100) * 365 * 24 * 3600)

static const char *const pull_names[] = {
	[PULL_IF_NOT_PRESENT] = "IfNotPresent", [PULL_ALWAYS] = "Always", [PULL_NEVER] = "Never"};
static const char *const dns_names[] = {
	[DNS_CLUSTER_FIRST] = "ClusterFirst",
	[DNS_CLUSTER_FIRST_HOST_NET] = "ClusterFirstWithHostNet",
	[DNS_DEFAULT] = "Default",
	[DNS_NONE] = "None",
};

/* The row of `names` that s is; dflt when none or NULL. */
static int word(const char *const *names, size_t n, const char *s, int dflt)
{
	for (size_t i = 0; s && i < n; i++)
		if (!strcmp(names[i], s))
			return (int)i;
	return dflt;
}
#define WORD(names, s, dflt) word(names, ARRAY_LEN(names), s, dflt)

static const char *keep(struct arena *a, const char *s)
{
	return s && *s ? arena_strdup(a, s) : "";
}

static const char *keep_json(struct arena *a, const js *v)
{
	if (!v || ((js_is_arr(v) || js_is_obj(v)) && js_len(v) == 0))
		return NULL;
	autobuf struct buf b = BUF_INIT;
	js_write(&b, v);
	return arena_strndup(a, buf_str(&b), b.len);
}

static const char *const *keep_strings(struct arena *a, const js *arr)
{
	size_t n = js_len(arr), k = 0;
	if (!n || !js_is_arr(arr))
		return NULL;
	const char **v = arena_array(a, n + 1, sizeof(*v));
	js_array_for_each (item, arr) {
		const char *s = js_str(item, NULL);
		if (s)
			v[k++] = arena_strdup(a, s);
	}
	return v;
}

static int64_t amount(const js *list, const char *resource, bool milli)
{
	const js *v = js_field(list, resource);
	struct quantity q;
	struct err err = ERR_INIT;
	char text[32];
	const char *s = js_is_str(v) ? js_str(v, NULL) : NULL;
	if (!s && js_is_int(v)) {
		snprintf(text, sizeof(text), "%lld", (long long)js_int(v, 0, NULL));
		s = text;
	}
	if (!s || quantity_parse(s, &q, &err) < 0)
		return QUANTITY_UNSET;
	int64_t n = milli ? quantity_milli(&q) : quantity_value(&q);
	return n < 0 ? 0 : n > AMOUNT_MAX ? AMOUNT_MAX : n;
}

/* Durations that nobody can mean are as good as the longest that can be counted. */
static int64_t seconds(int64_t v)
{
	return v < 0 ? 0 : v > SECONDS_MAX ? SECONDS_MAX : v;
}

static void decode_resources(struct container_resources *r, const js *c)
{
	const js *requests = js_obj(c, "resources", "requests", NULL);
	const js *limits = js_obj(c, "resources", "limits", NULL);
	r->cpu_request = amount(requests, "cpu", true);
	r->cpu_limit = amount(limits, "cpu", true);
	r->memory_request = amount(requests, "memory", false);
	r->memory_limit = amount(limits, "memory", false);
	r->storage_request = amount(requests, "ephemeral-storage", false);
	r->storage_limit = amount(limits, "ephemeral-storage", false);
	/* A limit without a request is the request (the apiserver's defaulting says the same). */
	if (r->cpu_request == QUANTITY_UNSET)
		r->cpu_request = r->cpu_limit;
	if (r->memory_request == QUANTITY_UNSET)
		r->memory_request = r->memory_limit;
	if (r->storage_request == QUANTITY_UNSET)
		r->storage_request = r->storage_limit;
}

static void decode_env_var(struct arena *a, struct env_var *e, const js *v)
{
	const js *from = js_obj(v, "valueFrom", NULL), *ref;
	e->name = keep(a, js_str(v, "name", NULL));
	if ((ref = js_obj(from, "fieldRef", NULL))) {
		e->source = ENV_FIELD;
		e->ref = keep(a, js_str(ref, "fieldPath", NULL));
	} else if ((ref = js_obj(from, "resourceFieldRef", NULL))) {
		e->source = ENV_RESOURCE;
		e->ref = keep(a, js_str(ref, "resource", NULL));
		e->key = keep(a, js_str(ref, "containerName", NULL));
		e->divisor = keep(a, js_str(ref, "divisor", NULL));
	} else if ((ref = js_obj(from, "configMapKeyRef", NULL)) ||
		   (ref = js_obj(from, "secretKeyRef", NULL))) {
		e->source = js_obj(from, "secretKeyRef", NULL) == ref ? ENV_SECRET : ENV_CONFIG_MAP;
		e->ref = keep(a, js_str(ref, "name", NULL));
		e->key = keep(a, js_str(ref, "key", NULL));
		e->optional = js_bool(ref, false, "optional", NULL);
	} else {
		e->source = ENV_VALUE;
		e->value = keep(a, js_str(v, "value", NULL));
	}
}

static void decode_env(struct arena *a, struct container_spec *c, const js *o)
{
	const js *env = js_arr(o, "env", NULL), *from = js_arr(o, "envFrom", NULL);
	struct env_var *vars = arena_array(a, js_len(env), sizeof(*vars));
	struct env_from *froms = arena_array(a, js_len(from), sizeof(*froms));
	js_array_for_each (v, env)
		decode_env_var(a, &vars[c->n_env++], v);
	js_array_for_each (f, from) {
		struct env_from *e = &froms[c->n_env_from++];
		e->secret = js_obj(f, "secretRef", NULL) != NULL;
		const js *ref = js_obj(f, e->secret ? "secretRef" : "configMapRef", NULL);
		e->prefix = keep(a, js_str(f, "prefix", NULL));
		e->ref = keep(a, js_str(ref, "name", NULL));
		e->optional = js_bool(ref, false, "optional", NULL);
	}
	c->env = vars;
	c->env_from = froms;
}

static void decode_mounts(struct arena *a, struct container_spec *c, const js *o)
{
	const js *mounts = js_arr(o, "volumeMounts", NULL), *ports = js_arr(o, "ports", NULL);
	struct volume_mount *mv = arena_array(a, js_len(mounts), sizeof(*mv));
	js_array_for_each (m, mounts) {
		struct volume_mount *v = &mv[c->n_mounts++];
		v->name = keep(a, js_str(m, "name", NULL));
		v->path = keep(a, js_str(m, "mountPath", NULL));
		v->sub_path = keep(a, js_str(m, "subPath", NULL));
		v->sub_path_expr = keep(a, js_str(m, "subPathExpr", NULL));
		v->propagation = keep(a, js_str(m, "mountPropagation", NULL));
		v->readonly = js_bool(m, false, "readOnly", NULL);
	}
	c->mounts = mv;
	struct container_port *pv = arena_array(a, js_len(ports), sizeof(*pv));
	js_array_for_each (p, ports) {
		struct container_port *v = &pv[c->n_ports];
		v->host_port = (int)js_int(p, 0, "hostPort", NULL);
		if (v->host_port <= 0)
			continue;
		v->container_port = (int)js_int(p, 0, "containerPort", NULL);
		v->protocol = keep(a, js_str(p, "protocol", NULL));
		v->host_ip = keep(a, js_str(p, "hostIP", NULL));
		c->n_ports++;
	}
	c->ports = pv;
}

static void decode_security(struct arena *a, struct container_spec *c, const js *o, const js *pod_ctx)
{
	const js *ctx = js_obj(o, "securityContext", NULL);
	c->run_as_user = js_int(ctx, js_int(pod_ctx, -1, "runAsUser", NULL), "runAsUser", NULL);
	c->run_as_group = js_int(ctx, js_int(pod_ctx, -1, "runAsGroup", NULL), "runAsGroup", NULL);
	c->run_as_non_root =
		js_bool(ctx, js_bool(pod_ctx, false, "runAsNonRoot", NULL), "runAsNonRoot", NULL);
	c->privileged = js_bool(ctx, false, "privileged", NULL);
	c->readonly_root = js_bool(ctx, false, "readOnlyRootFilesystem", NULL);
	c->no_new_privs = !js_bool(ctx, true, "allowPrivilegeEscalation", NULL);
	c->unmasked_proc = !strcmp(js_str0(ctx, "procMount", NULL), "Unmasked");
	c->cap_add = keep_strings(a, js_arr(ctx, "capabilities", "add", NULL));
	c->cap_drop = keep_strings(a, js_arr(ctx, "capabilities", "drop", NULL));
}

/* Always for :latest and for no tag at all, unless a digest is given. */
static enum pull_policy default_pull_policy(const char *image)
{
	const char *slash = strrchr(image, '/'), *last = slash ? slash + 1 : image;
	if (strchr(last, '@'))
		return PULL_IF_NOT_PRESENT;
	const char *tag = strchr(last, ':');
	return !tag || !strcmp(tag, ":latest") ? PULL_ALWAYS : PULL_IF_NOT_PRESENT;
}

static void decode_container(struct arena *a, struct container_spec *c, const js *o, const js *pod_ctx,
			     bool init)
{
	c->name = keep(a, js_str(o, "name", NULL));
	c->image = keep(a, js_str(o, "image", NULL));
	c->pull_policy =
		WORD(pull_names, js_str(o, "imagePullPolicy", NULL), (int)default_pull_policy(c->image));
	c->init = init;
	c->sidecar = init && !strcmp(js_str0(o, "restartPolicy", NULL), "Always");
	c->command = keep_strings(a, js_arr(o, "command", NULL));
	c->args = keep_strings(a, js_arr(o, "args", NULL));
	const char *dir = js_str(o, "workingDir", NULL);
	c->working_dir = dir && *dir ? arena_strdup(a, dir) : NULL;
	c->tty = js_bool(o, false, "tty", NULL);
	c->stdin_open = js_bool(o, false, "stdin", NULL);
	c->stdin_once = js_bool(o, false, "stdinOnce", NULL);
	const char *path = js_str(o, "terminationMessagePath", NULL);
	c->termination_path = path && *path ? arena_strdup(a, path) : "/dev/termination-log";
	c->termination_fallback =
		!strcmp(js_str0(o, "terminationMessagePolicy", NULL), "FallbackToLogsOnError");
	decode_resources(&c->resources, o);
	decode_env(a, c, o);
	decode_mounts(a, c, o);
	decode_security(a, c, o, pod_ctx);
}

static void decode_groups(struct pod *p, const js *ctx)
{
	const js *sup = js_arr(ctx, "supplementalGroups", NULL);
	int64_t fs_group = js_int(ctx, -1, "fsGroup", NULL);
	uint32_t *v = arena_array(&p->arena, js_len(sup) + 1, sizeof(*v));
	js_array_for_each (g, sup)
		v[p->n_groups++] = (uint32_t)js_int(g, 0, NULL);
	if (fs_group >= 0)
		v[p->n_groups++] = (uint32_t)fs_group;
	p->groups = v;
}

static struct pod_demand *decode_demand(const js *spec)
{
	autobuf struct buf text = BUF_INIT;
	autoarena struct arena a = ARENA_INIT;
	struct pod_demand d = {0};
	struct scan s;
	js_write(&text, spec);
	scan_init(&s, buf_str(&text), text.len);
	return pod_demand_decode(&s, &a, &d) ? decode_copy(&pod_demand_spec, &d) : NULL;
}

bool pod_decode(void *into, const js *o)
{
	struct pod *p = into;
	struct arena *a = &p->arena;
	const js *spec = js_obj(o, "spec", NULL), *status = js_obj(o, "status", NULL);
	const js *ctx = js_obj(spec, "securityContext", NULL);
	const js *inits = js_arr(spec, "initContainers", NULL), *apps = js_arr(spec, "containers", NULL);

	p->node_name = keep(a, js_str(spec, "nodeName", NULL));
	p->service_account = keep(a, js_str(spec, "serviceAccountName", NULL));
	p->hostname = keep(a, js_str(spec, "hostname", NULL));
	p->subdomain = keep(a, js_str(spec, "subdomain", NULL));
	p->restart = WORD(restart_policy_names, js_str(spec, "restartPolicy", NULL), RESTART_ALWAYS);
	p->dns = WORD(dns_names, js_str(spec, "dnsPolicy", NULL), DNS_CLUSTER_FIRST);
	p->host_network = js_bool(spec, false, "hostNetwork", NULL);
	p->host_pid = js_bool(spec, false, "hostPID", NULL);
	p->host_ipc = js_bool(spec, false, "hostIPC", NULL);
	p->share_pid = js_bool(spec, false, "shareProcessNamespace", NULL);
	p->fqdn_hostname = js_bool(spec, false, "setHostnameAsFQDN", NULL);
	p->static_mirror = meta_annotation(o, "kubernetes.io/config.mirror") != NULL;
	p->grace_s = seconds(js_int(spec, 30, "terminationGracePeriodSeconds", NULL));
	p->active_deadline_s = seconds(js_int(spec, 0, "activeDeadlineSeconds", NULL));
	p->deletion_grace_s = -1;
	if (p->o.meta.deleted_ns)
		p->deletion_grace_s =
			seconds(js_int(o, p->grace_s, "metadata", "deletionGracePeriodSeconds", NULL));

	p->n_init = js_len(inits);
	p->n_containers = p->n_init + js_len(apps);
	p->containers = arena_array(a, p->n_containers, sizeof(*p->containers));
	struct container_spec *c = p->containers;
	js_array_for_each (ic, inits)
		decode_container(a, c++, ic, ctx, true);
	js_array_for_each (ac, apps)
		decode_container(a, c++, ac, ctx, false);

	p->demand = decode_demand(spec);
	decode_groups(p, ctx);
	const js *secrets = js_arr(spec, "imagePullSecrets", NULL);
	const char **sv = arena_array(a, js_len(secrets) + 1, sizeof(*sv));
	js_array_for_each (s, secrets)
		sv[s_i] = keep(a, js_str(s, "name", NULL));
	p->pull_secrets = sv;

	p->volumes = keep_json(a, js_arr(spec, "volumes", NULL));
	p->host_aliases = keep_json(a, js_arr(spec, "hostAliases", NULL));
	p->dns_config = keep_json(a, js_obj(spec, "dnsConfig", NULL));
	p->sysctls = keep_json(a, js_arr(ctx, "sysctls", NULL));
	p->readiness_gates = keep_json(a, js_arr(spec, "readinessGates", NULL));
	p->phase = WORD(pod_phase_names, js_str(status, "phase", NULL), PHASE_PENDING);
	p->status = keep_json(a, status);
	return p->demand && p->n_containers > p->n_init;
}

void pod_release(void *o)
{
	free(((struct pod *)o)->demand);
	arena_release(&((struct pod *)o)->arena);
}

const struct informer_type pod_type = {
	.version = "v1",
	.group = "",
	.resource = "pods",
	.kind = "Pod",
	.size = sizeof(struct pod),
	.meta_flags = META_ANNOTATIONS,
	.decode = pod_decode,
	.release = pod_release,
};

js *pod_field(const char *text)
{
	struct err err = ERR_INIT;
	return text ? js_parse(text, strlen(text), NULL, &err) : NULL;
}

int pod_container_index(const struct pod *p, const char *name)
{
	for (size_t i = 0; i < p->n_containers; i++)
		if (!strcmp(p->containers[i].name, name))
			return (int)i;
	return -1;
}
