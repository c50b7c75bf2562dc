/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "object/version.h"
#include "os/tree.h"
#include "runtime/oci_internal.h"

#define PAUSE_MAX (16u << 20)
#define MOUNTINFO "/proc/self/mountinfo"

/* ---- list ---- */

static struct runtime_kv *dup_kvs(const struct oci_kvs *k)
{
	struct runtime_kv *v = mem_array(k->n + 1, sizeof(*v));
	for (size_t i = 0; i < k->n; i++)
		v[i] = (struct runtime_kv){mem_strdup(k->v[i].key), mem_strdup(k->v[i].value)};
	return v;
}

static void fill_sandbox(const struct oci_sandbox *s, struct runtime_list_sandbox *l)
{
	oci_sandbox_inspect(s, &l->s);
	l->pod_uid = mem_strdup(s->pod_uid);
	l->pod_namespace = mem_strdup(s->pod_namespace);
	l->pod_name = mem_strdup(s->pod_name);
	l->attempt = s->attempt;
	l->labels = dup_kvs(&s->labels);
	l->n_labels = s->labels.n;
	l->annotations = dup_kvs(&s->annotations);
	l->n_annotations = s->annotations.n;
}

static void fill_container(struct oci *o, struct oci_container *c, struct runtime_list_container *l)
{
	oci_container_inspect(o, c, &l->c);
	memcpy(l->sandbox_id, c->sandbox_id, sizeof(l->sandbox_id));
	l->pod_uid = mem_strdup(c->pod_uid);
	l->name = mem_strdup(c->name);
	l->image_id = mem_strdup(c->image_id);
	l->image_ref = mem_strdup(c->image_ref);
	l->image_asked = mem_strdup(c->image_asked);
	l->digest_ref = mem_strdup(c->digest_ref);
	l->log_path = mem_strdup(c->log_path);
	l->termination_log = mem_strdup(c->termination_log);
	l->attempt = c->attempt;
	l->labels = dup_kvs(&c->labels);
	l->n_labels = c->labels.n;
	l->annotations = dup_kvs(&c->annotations);
	l->n_annotations = c->annotations.n;
}

static int list_all(struct runtime *rt, struct runtime_list *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_sandbox **s = oci_all_sandboxes(o);
	struct oci_container **c = oci_all_containers(o);
	size_t n = 0, m = 0;
	while (s[n])
		n++;
	while (c[m])
		m++;
	*ret = (struct runtime_list){.sandboxes = mem_array(n + 1, sizeof(*ret->sandboxes)),
				     .n_sandboxes = n,
				     .containers = mem_array(m + 1, sizeof(*ret->containers)),
				     .n_containers = m};
	for (size_t i = 0; i < n; i++) {
		fill_sandbox(s[i], &ret->sandboxes[i]);
		oci_sandbox_unref(s[i]);
	}
	for (size_t i = 0; i < m; i++) {
		fill_container(o, c[i], &ret->containers[i]);
		oci_container_unref(c[i]);
	}
	free(s);
	free(c);
	return 0;
}

/* ---- life ---- */

static void oci_free(struct runtime *rt)
{
	struct oci *o = (struct oci *)rt;
	oci_watch_stop(o->watch);
	for (struct map_iter it = {0}; map_next(&o->containers, &it);)
		oci_container_unref(it.value);
	for (struct map_iter it = {0}; map_next(&o->sandboxes, &it);)
		oci_sandbox_unref(it.value);
	map_release(&o->containers);
	map_release(&o->sandboxes);
	map_release(&o->claims);
	network_free(o->network);
	image_puller_free(o->puller);
	image_store_free(o->images);
	oci_cgroups_free(o->cgroups);
	pthread_mutex_destroy(&o->lock);
	mem_autoclose(&o->lock_fd);
	oci_handlers_free(o->handlers);
	free(o->oci_runtime);
	free(o->conmon);
	const char *const owned[] = {o->c.root,
				     o->c.cluster_id,
				     o->c.pause,
				     o->c.cni_bin_dirs,
				     o->c.cni_conf_dir,
				     o->c.pod_cidr,
				     o->c.insecure_registries,
				     o->c.registry_config};
	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		free((char *)owned[i]);
	free(o);
}

static int set_pod_cidr(struct runtime *rt, const char *cidr, struct err *err)
{
	return network_set_pod_cidr(((struct oci *)rt)->network, cidr, err);
}

static bool network_is_ready(struct runtime *rt, struct err *why)
{
	return network_ready(((struct oci *)rt)->network, why);
}

static int teardown(struct runtime *rt, struct err *err)
{
	/* What we mount is below these; the state directory, or one in it, may be on a disk of its own. */
	static const char *const ours[] = {"sandboxes", "containers", "netns", "pods"};
	struct oci *o = (struct oci *)rt;
	int rc = 0;
	struct oci_sandbox **s = oci_all_sandboxes(o);
	for (size_t i = 0; s[i]; i++) {
		struct err e = ERR_INIT;
		if (oci_sandbox_remove(rt, s[i]->id, &e) < 0 && rc == 0) {
			*err = e;
			rc = -1;
		}
		oci_sandbox_unref(s[i]);
	}
	free(s);
	struct network_config n = {.root = o->c.root, .cluster_id = o->c.cluster_id};
	autofree char *cgroup = mem_printf("/coracle-%s", o->c.cluster_id);
	if (rc == 0)
		rc = oci_cgroup_remove(o->cgroups, cgroup, err);
	if (rc == 0)
		rc = network_teardown(&n, err);
	for (size_t i = 0; i < ARRAY_LEN(ours) && rc == 0; i++) {
		autofree char *dir = mem_printf("%s/%s", o->c.root, ours[i]);
		rc = tree_unmount_below(dir, err);
	}
	oci_free(rt);
	return rc;
}

static const struct runtime_ops oci_ops = {
	.name = "coracle",
	.id_digits = RUNTIME_ID_MAX - 1,
	.version = CORACLE_VERSION,
	.handlers = oci_handlers_all,
	.sandbox_run = oci_sandbox_run,
	.sandbox_stop = oci_sandbox_stop,
	.sandbox_remove = oci_sandbox_remove,
	.sandbox_status = oci_sandbox_status,
	.sandbox_update = oci_sandbox_update,
	.group_update = oci_group_update,
	.group_usage = oci_group_usage,
	.group_stats = oci_group_stats,
	.sandbox_stats = oci_sandbox_stats,
	.container_stats = oci_container_stats,
	.image_get = oci_image_get,
	.image_pull = oci_image_pull,
	.image_remove = oci_image_remove,
	.image_list = oci_image_list,
	.image_import = oci_image_import,
	.container_create = oci_container_create,
	.container_start = oci_container_start,
	.container_signal = oci_container_signal,
	.container_status = oci_container_status,
	.container_remove = oci_container_remove,
	.container_update = oci_container_update,
	.container_usage = oci_container_usage,
	.container_reopen_log = oci_reopen_log,
	.exec_sync = oci_exec_sync,
	.exec = oci_exec,
	.attach = oci_attach,
	.port_forward = oci_port_forward,
	.list = list_all,
	.set_pod_cidr = set_pod_cidr,
	.network_ready = network_is_ready,
	.teardown = teardown,
	.free = oci_free,
};

/* The full path of a program: conmon executes the runtime by path. */
char *oci_find_program(const char *name, struct err *err)
{
	if (strchr(name, '/')) {
		if (access(name, X_OK) == 0)
			return mem_strdup(name);
		err_errno(err, "%s", name);
		return NULL;
	}
	const char *path = getenv("PATH");
	if (!path || !*path)
		path = "/usr/sbin:/usr/bin:/sbin:/bin";
	for (const char *p = path; *p; p += strcspn(p, ":"), p += *p == ':') {
		char *full = mem_printf("%.*s/%s", (int)strcspn(p, ":"), p, name);
		if (access(full, X_OK) == 0)
			return full;
		free(full);
	}
	err_set(err, REASON_NOT_FOUND, "%s is not installed (apt install %s)", name, name);
	return NULL;
}

static bool cluster_id_valid(const char *s)
{
	size_t n = s ? strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789") : 0;
	return n && n <= 12 && !s[n];
}

static int make_dirs(const char *root, struct err *err)
{
	static const char *const subs[] = {"sandboxes", "containers", "exits", "netns",
					   "pause",	"runtime",    "images"};
	for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
		autofree char *p = mem_printf("%s/%s", root, subs[i]);
		if (tree_mkdirs(p, 0711, err) < 0)
			return -1;
	}
	return 0;
}

/* Its own copy, at a path that does not change when the agent is upgraded, alone in its directory. */
static int install_pause(const struct oci *o, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	autofree char *to = mem_printf("%s/pause/pause", o->c.root);
	if (tree_read(o->c.pause, PAUSE_MAX, &b, err) < 0)
		return -1;
	return tree_write(to, b.p, b.len, 0755, TREE_VOLATILE, err);
}

static int copy_config(struct oci *o, const struct runtime_config *c, struct err *err)
{
	if (!cluster_id_valid(c->cluster_id))
		return err_set(err, REASON_INVALID, "bad cluster id \"%.40s\"",
			       c->cluster_id ? c->cluster_id : "");
	if (tree_mkdirs(c->root, 0755, err) < 0)
		return -1;
	/* Mounts are found again by the path that the kernel shows. */
	char *root = realpath(c->root, NULL);
	if (!root)
		return err_errno(err, "%s", c->root);
	o->c = (struct runtime_config){.root = root,
				       .cluster_id = mem_strdup(c->cluster_id),
				       .pause = mem_strdup(c->pause),
				       .cni_bin_dirs = mem_strdup(c->cni_bin_dirs),
				       .cni_conf_dir = mem_strdup(c->cni_conf_dir),
				       .pod_cidr = mem_strdup(c->pod_cidr),
				       .insecure_registries = mem_strdup(c->insecure_registries),
				       .registry_config = mem_strdup(c->registry_config),
				       .on_exit = c->on_exit,
				       .on_exit_arg = c->on_exit_arg,
				       .loop = c->loop,
				       .log_max = c->log_max,
				       .lane = c->lane};
	return 0;
}

/* crun is the smaller and faster one, but refuses machines whose cgroups are not purely v2; runc takes all.
 */
static char *find_runtime(const struct oci *o, const char *wanted, struct err *err)
{
	struct err ignored = ERR_INIT;
	if (wanted && *wanted)
		return oci_find_program(wanted, err);
	char *crun = oci_cgroups_unified(o->cgroups) ? oci_find_program("crun", &ignored) : NULL;
	return crun ? crun : oci_find_program("runc", err);
}

#define OOM_SCORE_ADJ_MIN (-1000)

/* Without CAP_SYS_RESOURCE the kernel refuses a value below our own; a Pod with a smaller wish gets that. */
static int find_oom_floor(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};
	autobuf struct buf own = BUF_INIT;
	struct err ignored = ERR_INIT;
	if (syscall(SYS_capget, &h, d) < 0 || (d[0].effective & (1u << CAP_SYS_RESOURCE)) ||
	    tree_read("/proc/self/oom_score_adj", 64, &own, &ignored) < 0)
		return OOM_SCORE_ADJ_MIN;
	int floor = (int)strtol(buf_str(&own), NULL, 10);
	log_info("oom_score_adj is bounded: the agent lacks CAP_SYS_RESOURCE", "lowest=%d", floor);
	return floor;
}

static int open_cgroups(struct oci *o, struct err *err)
{
	o->cgroups = oci_cgroups_open(MOUNTINFO, HUGEPAGES_DIR, err);
	if (!o->cgroups)
		return -1;
	struct oci_lacks l = oci_cgroups_lack(o->cgroups);
	if (l.cpu || l.memory || l.pids)
		log_warning("the cgroup hierarchy lacks controllers: what they would bound is not bounded",
			    "missing=%s%s%s", l.cpu ? "cpu " : "", l.memory ? "memory " : "",
			    l.pids ? "pids" : "");
	return 0;
}

/* Layers and volumes are below the state directory. */
static bool can_userns(const struct oci *o)
{
	struct err why = ERR_INIT;
	bool can = userns_try(o->c.root, &why) == 0;
	if (!can)
		log_info("no user namespaces for pods", "why=%s", why.msg);
	return can;
}

static int open_parts(struct oci *o, const struct runtime_config *c, struct err *err)
{
	if (copy_config(o, c, err) < 0 || make_dirs(o->c.root, err) < 0 || oci_lock(o, err) < 0)
		return -1;
	o->oom_floor = find_oom_floor();
	o->own_caps = oci_caps_own();
	if (open_cgroups(o, err) < 0)
		return -1;
	o->oci_runtime = find_runtime(o, c->runtime, err);
	o->conmon =
		o->oci_runtime ? oci_find_program(c->conmon && *c->conmon ? c->conmon : "conmon", err) : NULL;
	if (!o->conmon ||
	    !(o->handlers = oci_handlers_new(o->oci_runtime, c->handlers, can_userns(o), err)) ||
	    install_pause(o, err) < 0)
		return -1;
	autofree char *images = mem_printf("%s/images", o->c.root);
	o->images = image_store_open(images, err);
	if (!o->images)
		return -1;
	o->puller = image_puller_new(o->images);
	struct network_config n = {.root = o->c.root,
				   .cluster_id = o->c.cluster_id,
				   .bin_dirs = o->c.cni_bin_dirs,
				   .conf_dir = o->c.cni_conf_dir,
				   .lock_fd = o->lock_fd};
	o->network = network_new(&n);
	if (o->c.pod_cidr && *o->c.pod_cidr && network_set_pod_cidr(o->network, o->c.pod_cidr, err) < 0)
		return -1;
	/* The watch before the look: what ends in between is seen twice, not never. */
	if (c->loop && !(o->watch = oci_watch_start(o, err)))
		return -1;
	return oci_state_load(o, err);
}

struct runtime *runtime_open(const struct runtime_config *c, struct err *err)
{
	struct oci *o = MEM_NEW(struct oci);
	o->ops = oci_ops;
	oci_metered(&o->ops);
	o->rt.ops = &o->ops;
	o->lock_fd = -1;
	pthread_mutex_init(&o->lock, NULL);
	if (open_parts(o, c, err) < 0) {
		oci_free(&o->rt);
		return NULL;
	}
	oci_adopt(o);
	return &o->rt;
}
