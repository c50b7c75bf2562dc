/* SPDX-License-Identifier: Apache-2.0 */
/* Making a Pod's sandbox with its files, and its volumes. */
#include "pod/perform.h"

#include "base/log.h"
#include "pod/hostfiles.h"
#include "pod/volumes.h"
#include "os/tree.h"

static void read_host_file(const char *path, struct buf *out)
{
	struct err err = ERR_INIT;
	if (tree_read(path, 1 << 20, out, &err) < 0)
		buf_clear(out); /* a machine without it is fine */
}

static int write_file(const struct perform *j, const char *name, const struct buf *text, struct err *err)
{
	autofree char *path = mem_printf("%s/%s", j->dir, name);
	return tree_write(path, buf_str(text), text->len, 0644, TREE_VOLATILE, err);
}

static int write_host_files(struct perform *j, struct err *err)
{
	autobuf struct buf host_hosts = BUF_INIT, host_resolv = BUF_INIT, text = BUF_INIT;
	const char *ips[RUNTIME_IPS_MAX];
	const struct pod_host *h = j->host;
	char name[64];
	for (size_t i = 0; i < RUNTIME_IPS_MAX; i++)
		ips[i] = j->sandbox.ips[i];
	read_host_file("/etc/hosts", &host_hosts);
	read_host_file("/etc/resolv.conf", &host_resolv);
	const struct hostfiles_dns dns = {.cluster_dns = h->cluster_dns,
					  .cluster_domain = h->cluster_domain,
					  .host_resolv = buf_str(&host_resolv)};
	if (tree_mkdirs(j->dir, 0755, err) < 0)
		return -1;
	hostfiles_hosts(&text, j->pod, ips, h->cluster_domain, buf_str(&host_hosts));
	if (write_file(j, "etc-hosts", &text, err) < 0)
		return -1;
	buf_clear(&text);
	hostfiles_resolv(&text, j->pod, &dns);
	if (write_file(j, "resolv.conf", &text, err) < 0)
		return -1;
	buf_clear(&text);
	hostfiles_hostname(j->pod, name);
	buf_addf(&text, "%s\n", name);
	return write_file(j, "hostname", &text, err);
}

/* What the sandbox's spec borrows is in the arena, which lives until it has been made. */
static void sandbox_spec(const struct perform *j, struct pod_arena *a, struct runtime_sandbox_spec *s)
{
	const struct pod *p = j->pod;
	autojson js *sysctls = pod_field(p->sysctls);
	size_t n_ports = 0;
	char *hostname = pod_arena_alloc(a, 64);
	for (size_t i = 0; i < p->n_containers; i++)
		n_ports += p->containers[i].n_ports;
	struct runtime_port *ports = pod_arena_array(a, n_ports, sizeof(*ports));
	struct runtime_kv *kv = pod_arena_array(a, js_len(sysctls), sizeof(*kv));
	n_ports = 0;
	for (size_t i = 0; i < p->n_containers; i++)
		for (size_t k = 0; k < p->containers[i].n_ports; k++) {
			const struct container_port *c = &p->containers[i].ports[k];
			ports[n_ports++] =
				(struct runtime_port){.container_port = c->container_port,
						      .host_port = c->host_port,
						      .protocol = *c->protocol ? c->protocol : NULL,
						      .host_ip = c->host_ip};
		}
	js_array_for_each (v, sysctls)
		kv[v_i] = (struct runtime_kv){pod_arena_strdup(a, js_str0(v, "name", NULL)),
					      pod_arena_strdup(a, js_str0(v, "value", NULL))};
	hostfiles_hostname(p, hostname);
	*s = (struct runtime_sandbox_spec){.pod_uid = p->o.meta.uid,
					   .pod_namespace = p->o.meta.namespace,
					   .pod_name = p->o.meta.name,
					   .attempt = j->attempt,
					   .hostname = hostname,
					   .host_network = p->host_network,
					   .host_pid = p->host_pid,
					   .host_ipc = p->host_ipc,
					   .share_pid = p->share_pid,
					   .ports = p->host_network ? NULL : ports,
					   .n_ports = p->host_network ? 0 : n_ports,
					   .sysctls = kv,
					   .n_sysctls = js_len(sysctls),
					   .limits = resources_pod_limits(p)};
}

static void sandbox_work(void *arg)
{
	struct perform *j = arg;
	struct runtime *rt = j->host->rt;
	autopodarena struct pod_arena a = POD_ARENA_INIT;
	struct runtime_sandbox_spec spec;
	sandbox_spec(j, &a, &spec);
	if (rt->ops->sandbox_create(rt, &spec, &j->sandbox, &j->err) < 0 || j->host->simulated)
		return;
	if (write_host_files(j, &j->err) < 0) {
		struct err ignored = ERR_INIT; /* the first error is the one to tell */
		(void)!rt->ops->sandbox_remove(rt, j->sandbox.id, &ignored);
	}
}

static void sandbox_done(void *arg)
{
	struct perform *j = arg;
	if (j->err.reason == REASON_NONE) {
		map_set(&j->host->ids, j->sandbox.id, j->w);
		machine_sandbox_up(&j->w->m, &j->sandbox);
	} else {
		log_warn_err(&j->err, "could not create sandbox", "pod=%s/%s", j->pod->o.meta.namespace,
			     j->pod->o.meta.name);
		machine_sandbox_failed(&j->w->m, j->err.msg, worker_now());
	}
	perform_finish(j);
}

void perform_sandbox(struct worker *w, const struct action *a)
{
	struct perform *j = perform_job(w, -1);
	j->attempt = w->m.sandbox_attempt;
	j->dir = worker_dir(w);
	perform_begin(j, LANE_WORK, sandbox_work, sandbox_done);
}

static void check_sandbox_work(void *arg)
{
	struct perform *j = arg;
	j->ready = j->host->rt->ops->sandbox_ready(j->host->rt, j->id);
}

static void check_sandbox_done(void *arg)
{
	struct perform *j = arg;
	struct machine *m = &j->w->m;
	if (!j->ready && m->sandbox_id && !strcmp(m->sandbox_id, j->id))
		machine_sandbox_lost(m, worker_now());
	perform_finish(j);
}

void worker_check_sandbox(struct worker *w)
{
	struct perform *j = perform_job(w, -1);
	j->id = mem_strdup(w->m.sandbox_id);
	perform_begin(j, LANE_WORK, check_sandbox_work, check_sandbox_done);
}

/* ---- volumes ---- */

static void volumes_work(void *arg)
{
	struct perform *j = arg;
	(void)!volumes_set_up(j->host->root, j->pod, &j->err);
}

static void volumes_done(void *arg)
{
	struct perform *j = arg;
	if (j->err.reason == REASON_NONE)
		machine_volumes_up(&j->w->m);
	else
		machine_volumes_failed(&j->w->m, j->err.msg, worker_now());
	perform_finish(j);
}

void perform_volumes(struct worker *w, const struct action *a)
{
	struct perform *j;
	if (w->host->simulated || !w->pod->volumes) {
		machine_volumes_up(&w->m);
		return;
	}
	j = perform_job(w, -1);
	perform_begin(j, LANE_WORK, volumes_work, volumes_done);
}
