/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cadvisor.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "object/version.h"

#define NS 1e-9

/* Whom a line is about. */
struct cadvisor_subject {
	const struct census_count *count;
	const char *container, *image, *name, *pod, *namespace; /* "" = none */
	int64_t started_ns;					/* 0 = not known */
};

struct page {
	struct buf *out;
	const struct census *c;
};

/* ---- figures of cgroups ---- */

static const struct figure_row {
	const char *name, *type, *help;
	enum runtime_figure figure;
	double unit;
	const char *extra; /* a further label; NULL = none */
} figures[] = {
	{"container_cpu_usage_seconds_total", "counter", "CPU time consumed, in seconds.", RUNTIME_CPU, NS,
	 "cpu=\"total\""},
	{"container_cpu_user_seconds_total", "counter", "CPU time consumed in user mode, in seconds.",
	 RUNTIME_CPU_USER, NS, NULL},
	{"container_cpu_system_seconds_total", "counter", "CPU time consumed in the kernel, in seconds.",
	 RUNTIME_CPU_SYSTEM, NS, NULL},
	{"container_cpu_cfs_periods_total", "counter", "Periods of the CPU quota that have passed.",
	 RUNTIME_CPU_PERIODS, 1, NULL},
	{"container_cpu_cfs_throttled_periods_total", "counter",
	 "Periods in which the CPU quota was used up.", RUNTIME_CPU_THROTTLED_PERIODS, 1, NULL},
	{"container_cpu_cfs_throttled_seconds_total", "counter", "Time without CPU because of the quota.",
	 RUNTIME_CPU_THROTTLED, NS, NULL},
	{"container_memory_usage_bytes", "gauge", "Memory in use, files that were read included.",
	 RUNTIME_MEMORY, 1, NULL},
	{"container_memory_max_usage_bytes", "gauge", "The most memory that was in use.", RUNTIME_MEMORY_MOST,
	 1, NULL},
	{"container_memory_rss", "gauge", "Memory that is no file's.", RUNTIME_MEMORY_RSS, 1, NULL},
	{"container_memory_cache", "gauge", "Memory of files.", RUNTIME_MEMORY_CACHE, 1, NULL},
	{"container_memory_mapped_file", "gauge", "Memory of files that are mapped.", RUNTIME_MEMORY_MAPPED,
	 1, NULL},
	{"container_memory_swap", "gauge", "Swap in use.", RUNTIME_MEMORY_SWAP, 1, NULL},
	{"container_memory_failcnt", "counter", "How often the limit of memory was met.",
	 RUNTIME_MEMORY_FAILURES, 1, NULL},
	{"container_threads", "gauge", "Threads that run.", RUNTIME_PIDS, 1, NULL},
	{"container_threads_max", "gauge", "Threads that may run; 0 = any number.", RUNTIME_PIDS_LIMIT, 1,
	 NULL},
	{"container_spec_cpu_period", "gauge", "Period of the CPU quota, in microseconds.",
	 RUNTIME_CPU_PERIOD, 1, NULL},
	{"container_spec_cpu_quota", "gauge", "CPU quota of a period, in microseconds.", RUNTIME_CPU_QUOTA, 1,
	 NULL},
	{"container_spec_cpu_shares", "gauge", "CPU shares.", RUNTIME_CPU_SHARES, 1, NULL},
	{"container_spec_memory_limit_bytes", "gauge", "Limit of memory; 0 = none.", RUNTIME_MEMORY_LIMIT, 1,
	 NULL},
	{"container_spec_memory_swap_limit_bytes", "gauge", "Limit of swap; 0 = none.",
	 RUNTIME_MEMORY_SWAP_LIMIT, 1, NULL},
};

static bool is_limit(enum runtime_figure f)
{
	return f == RUNTIME_MEMORY_LIMIT || f == RUNTIME_MEMORY_SWAP_LIMIT || f == RUNTIME_PIDS_LIMIT;
}

static void head(struct page *p, const char *name, const char *type, const char *help)
{
	buf_addf(p->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Labels of ours come in the order of the alphabet; `extra` (one, or "") where it belongs. */
static void labels(struct page *p, const struct cadvisor_subject *s, const char *extra)
{
	const struct {
		const char *key, *value;
	} own[] = {{"container", s->container}, {"id", s->count->s.cgroup},  {"image", s->image},
		   {"name", s->name},		{"namespace", s->namespace}, {"pod", s->pod}};
	bool owed = *extra;
	buf_addc(p->out, '{');
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (owed && strncmp(extra, own[i].key, strcspn(extra, "=")) < 0) {
			buf_addf(p->out, "%s%s", i ? "," : "", extra);
			owed = false;
		}
		buf_addf(p->out, "%s%s=\"%s\"", i || (*extra && !owed) ? "," : "", own[i].key, own[i].value);
	}
	buf_addf(p->out, "%s%s} ", owed ? "," : "", owed ? extra : "");
}

static void line(struct page *p, const char *name, const struct cadvisor_subject *s, const char *extra,
		 double v)
{
	buf_adds(p->out, name);
	labels(p, s, extra);
	buf_addf(p->out, "%.15g %" PRId64 "\n", v, s->count->s.at_ns / NS_PER_MS);
}

/* fn for the machine, all Pods together, each Pod and each container. */
typedef void each_fn(struct page *p, const struct cadvisor_subject *s, const void *arg);
static void each(struct page *p, each_fn *fn, const void *arg)
{
	const struct census *c = p->c;
	struct cadvisor_subject s = {.container = "", .image = "", .name = "", .pod = "", .namespace = ""};
	s.count = &c->machine;
	s.started_ns = c->boot_ns;
	if (s.count->known)
		fn(p, &s, arg);
	s.count = &c->all_pods;
	s.started_ns = 0;
	if (s.count->known)
		fn(p, &s, arg);
	for (size_t i = 0; i < c->n; i++) {
		const struct census_pod *pod = &c->pods[i];
		s = (struct cadvisor_subject){.count = &pod->count,
					      .container = "",
					      .image = "",
					      .name = "",
					      .pod = pod->name,
					      .namespace = pod->namespace,
					      .started_ns = pod->started_ns};
		if (s.count->known)
			fn(p, &s, arg);
		for (size_t k = 0; k < pod->n; k++) {
			const struct census_container *one = &pod->containers[k];
			s.count = &one->count;
			s.container = one->name;
			s.image = one->image;
			s.name = one->id;
			s.started_ns = one->started_ns;
			if (s.count->known)
				fn(p, &s, arg);
		}
	}
}

static void put_figure(struct page *p, const struct cadvisor_subject *s, const void *arg)
{
	const struct figure_row *r = arg;
	int64_t v = s->count->s.v[r->figure];
	if (v == RUNTIME_UNLIMITED && is_limit(r->figure))
		v = 0;
	if (v < 0 || v == RUNTIME_UNLIMITED)
		return;
	line(p, r->name, s, r->extra ? r->extra : "", (double)v * r->unit);
}

static void put_working_set(struct page *p, const struct cadvisor_subject *s, const void *arg)
{
	int64_t used = census_working_set(&s->count->s);
	if (used >= 0)
		line(p, arg, s, "", (double)used);
}

static void put_faults(struct page *p, const struct cadvisor_subject *s, const void *arg)
{
	const int64_t *v = s->count->s.v;
	if (v[RUNTIME_PAGE_FAULTS] >= 0)
		line(p, arg, s, "failure_type=\"pgfault\",scope=\"hierarchy\"",
		     (double)v[RUNTIME_PAGE_FAULTS]);
	if (v[RUNTIME_MAJOR_PAGE_FAULTS] >= 0)
		line(p, arg, s, "failure_type=\"pgmajfault\",scope=\"hierarchy\"",
		     (double)v[RUNTIME_MAJOR_PAGE_FAULTS]);
}

static void put_start(struct page *p, const struct cadvisor_subject *s, const void *arg)
{
	if (s->started_ns)
		line(p, arg, s, "", (double)(s->started_ns / NS_PER_S));
}

static void put_seen(struct page *p, const struct cadvisor_subject *s, const void *arg)
{
	line(p, arg, s, "", (double)(s->count->s.at_ns / NS_PER_S));
}

/* ---- waiting ---- */

static const struct wait_row {
	const char *name, *help;
	enum runtime_waited what;
	bool full;
} wait_rows[] = {
	{"container_pressure_cpu_waiting_seconds_total", "Time in which some waited for CPU.", RUNTIME_ON_CPU,
	 false},
	{"container_pressure_cpu_stalled_seconds_total", "Time in which all waited for CPU.", RUNTIME_ON_CPU,
	 true},
	{"container_pressure_memory_waiting_seconds_total", "Time in which some waited for memory.",
	 RUNTIME_ON_MEMORY, false},
	{"container_pressure_memory_stalled_seconds_total", "Time in which all waited for memory.",
	 RUNTIME_ON_MEMORY, true},
	{"container_pressure_io_waiting_seconds_total", "Time in which some waited for I/O.", RUNTIME_ON_IO,
	 false},
	{"container_pressure_io_stalled_seconds_total", "Time in which all waited for I/O.", RUNTIME_ON_IO,
	 true},
};

static void put_wait(struct page *p, const struct cadvisor_subject *s, const void *arg)
{
	const struct wait_row *r = arg;
	const struct runtime_waits *w = &s->count->s.waits[r->what];
	if (w->known)
		line(p, r->name, s, "", (double)(r->full ? w->full : w->some).total_ns * NS);
}

/* ---- devices and interfaces ---- */

static const struct io_row {
	const char *name, *help;
	size_t at;
} io_rows[] = {
	{"container_fs_reads_bytes_total", "Bytes read.", offsetof(struct runtime_device_io, read_bytes)},
	{"container_fs_writes_bytes_total", "Bytes written.",
	 offsetof(struct runtime_device_io, written_bytes)},
	{"container_fs_reads_total", "Reads.", offsetof(struct runtime_device_io, reads)},
	{"container_fs_writes_total", "Writes.", offsetof(struct runtime_device_io, writes)},
};

static void put_io(struct page *p, const struct cadvisor_subject *s, const void *arg)
{
	const struct io_row *r = arg;
	for (size_t i = 0; i < s->count->s.n_io; i++) {
		const struct runtime_device_io *d = &s->count->s.io[i];
		char extra[64];
		snprintf(extra, sizeof(extra), "device=\"%u:%u\"", d->major, d->minor);
		line(p, r->name, s, extra, (double)*(const int64_t *)((const char *)d + r->at));
	}
}

#define INTERFACE(n, text, field)                                                                            \
	{                                                                                                    \
		"container_network_" n "_total", text, offsetof(struct runtime_interface, field)             \
	}
static const struct interface_row {
	const char *name, *help;
	size_t at;
} interface_rows[] = {
	INTERFACE("receive_bytes", "Bytes received.", rx_bytes),
	INTERFACE("receive_packets", "Packets received.", rx_packets),
	INTERFACE("receive_packets_dropped", "Packets dropped while receiving.", rx_dropped),
	INTERFACE("receive_errors", "Errors while receiving.", rx_errors),
	INTERFACE("transmit_bytes", "Bytes sent.", tx_bytes),
	INTERFACE("transmit_packets", "Packets sent.", tx_packets),
	INTERFACE("transmit_packets_dropped", "Packets dropped while sending.", tx_dropped),
	INTERFACE("transmit_errors", "Errors while sending.", tx_errors),
};

static void put_interfaces(struct page *p, const struct cadvisor_subject *s, const struct interface_row *r,
			   const struct runtime_interface *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char extra[64];
		snprintf(extra, sizeof(extra), "interface=\"%s\"", v[i].name);
		line(p, r->name, s, extra, (double)*(const uint64_t *)((const char *)&v[i] + r->at));
	}
}

static void put_network(struct page *p, const struct interface_row *r)
{
	const struct census *c = p->c;
	struct cadvisor_subject s = {.container = "", .image = "", .name = "", .pod = "", .namespace = ""};
	s.count = &c->machine;
	head(p, r->name, "counter", r->help);
	if (s.count->known)
		put_interfaces(p, &s, r, c->interfaces, c->n_interfaces);
	for (size_t i = 0; i < c->n; i++) {
		s.count = &c->pods[i].count;
		s.pod = c->pods[i].name;
		s.namespace = c->pods[i].namespace;
		if (s.count->known)
			put_interfaces(p, &s, r, c->pods[i].interfaces, c->pods[i].n_interfaces);
	}
}

/* What the containers themselves have written; the file system is the node's. */
static void put_disks(struct page *p)
{
	head(p, "container_fs_usage_bytes", "gauge", "Bytes of disk in use.");
	for (size_t i = 0; i < p->c->n; i++)
		for (size_t k = 0; k < p->c->pods[i].n; k++) {
			const struct census_container *one = &p->c->pods[i].containers[k];
			const struct cadvisor_subject s = {.count = &one->count,
							   .container = one->name,
							   .image = one->image,
							   .name = one->id,
							   .pod = p->c->pods[i].name,
							   .namespace = p->c->pods[i].namespace};
			if (one->count.known && one->rootfs.at_ns)
				line(p, "container_fs_usage_bytes", &s, "device=\"\"",
				     (double)one->rootfs.bytes);
		}
}

/* ---- the machine ---- */

static void put_machine(struct page *p, const struct node_facts *f)
{
	const struct {
		const char *name, *help;
		double v;
	} rows[] = {
		{"machine_cpu_cores", "CPUs of the machine.", (double)(f->cpu_milli / 1000)},
		{"machine_memory_bytes", "Memory of the machine.", (double)f->memory},
		{"machine_swap_bytes", "Swap of the machine.",
		 (double)p->c->machine.s.v[RUNTIME_MEMORY_SWAP_LIMIT]},
	};
	buf_addf(
		p->out,
		"# HELP cadvisor_version_info Versions of what measures, and of what it measures on.\n# TYPE "
		"cadvisor_version_info "
		"gauge\ncadvisor_version_info{cadvisorRevision=\"\",cadvisorVersion=\"" CORACLE_VERSION
		"\",dockerVersion=\"\",kernelVersion=\"%s\",osVersion=\"%s\"} 1\n",
		f->kernel, f->os_image);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		head(p, rows[i].name, "gauge", rows[i].help);
		buf_addf(p->out,
			 "%s{boot_id=\"%s\",machine_id=\"%s\",system_uuid=\"%s\"} %.15g %" PRId64 "\n",
			 rows[i].name, f->boot_id, f->machine_id, f->system_uuid, rows[i].v,
			 p->c->machine.s.at_ns / NS_PER_MS);
	}
	head(p, "machine_scrape_error", "gauge", "1 when the machine could not be looked at.");
	buf_addf(p->out, "machine_scrape_error %d\n", !p->c->machine.known);
	head(p, "container_scrape_error", "gauge", "1 when containers could not be looked at.");
	buf_adds(p->out, "container_scrape_error 0\n");
}

void cadvisor_write(struct buf *out, const struct census *c, const struct node_facts *facts)
{
	struct page p = {.out = out, .c = c};
	static const struct {
		const char *name, *type, *help;
		each_fn *fn;
	} others[] = {
		{"container_memory_working_set_bytes", "gauge",
		 "Memory in use, without files that nobody has touched lately.", put_working_set},
		{"container_memory_failures_total", "counter", "Page faults.", put_faults},
		{"container_start_time_seconds", "gauge", "When it began, in seconds since 1970.", put_start},
		{"container_last_seen", "gauge", "When it was seen last, in seconds since 1970.", put_seen},
	};
	put_machine(&p, facts);
	for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
		head(&p, figures[i].name, figures[i].type, figures[i].help);
		each(&p, put_figure, &figures[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		head(&p, others[i].name, others[i].type, others[i].help);
		each(&p, others[i].fn, others[i].name);
	}
	for (size_t i = 0; i < ARRAY_LEN(wait_rows); i++) {
		head(&p, wait_rows[i].name, "counter", wait_rows[i].help);
		each(&p, put_wait, &wait_rows[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(io_rows); i++) {
		head(&p, io_rows[i].name, "counter", io_rows[i].help);
		each(&p, put_io, &io_rows[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(interface_rows); i++)
		put_network(&p, &interface_rows[i]);
	put_disks(&p);
}
