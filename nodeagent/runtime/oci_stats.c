/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a cgroup counts. One row per figure says where each of the two kinds of hierarchies has it; what a machine's
 * hierarchies do not count is unknown, never 0.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/tree.h"
#include "runtime/oci_internal.h"

#define FILE_MAX (1u << 20)

struct stats_place {
	const char *controller;	 /* of v1; NULL: v2 */
	const char *file, *word; /* word NULL: the file is one number */
	int field;		 /* of the line, from 0 on */
};
static const struct stats_row {
	enum runtime_figure figure;
	struct stats_place v1;
	int64_t unit1;
	struct stats_place v2;
	int64_t unit2;
} rows[] = {
	/* Rows of one file stand together: it is read once. */
	{RUNTIME_CPU,
	 {"cpuacct", "cpuacct.usage", NULL, 0},
	 1,
	 {NULL, "cpu.stat", "usage_usec", 0},
	 NS_PER_US},
	{RUNTIME_CPU_USER,
	 {"cpuacct", "cpuacct.stat", "user", 0},
	 0,
	 {NULL, "cpu.stat", "user_usec", 0},
	 NS_PER_US},
	{RUNTIME_CPU_SYSTEM,
	 {"cpuacct", "cpuacct.stat", "system", 0},
	 0,
	 {NULL, "cpu.stat", "system_usec", 0},
	 NS_PER_US},
	{RUNTIME_CPU_PERIODS,
	 {"cpu", "cpu.stat", "nr_periods", 0},
	 1,
	 {NULL, "cpu.stat", "nr_periods", 0},
	 1},
	{RUNTIME_CPU_THROTTLED_PERIODS,
	 {"cpu", "cpu.stat", "nr_throttled", 0},
	 1,
	 {NULL, "cpu.stat", "nr_throttled", 0},
	 1},
	{RUNTIME_CPU_THROTTLED,
	 {"cpu", "cpu.stat", "throttled_time", 0},
	 1,
	 {NULL, "cpu.stat", "throttled_usec", 0},
	 NS_PER_US},
	{RUNTIME_CPU_SHARES, {"cpu", "cpu.shares", NULL, 0}, 1, {NULL, "cpu.weight", NULL, 0}, 1},
	{RUNTIME_CPU_QUOTA, {"cpu", "cpu.cfs_quota_us", NULL, 0}, 1, {NULL, "cpu.max", NULL, 0}, 1},
	{RUNTIME_CPU_PERIOD, {"cpu", "cpu.cfs_period_us", NULL, 0}, 1, {NULL, "cpu.max", NULL, 1}, 1},
	{RUNTIME_MEMORY,
	 {"memory", "memory.usage_in_bytes", NULL, 0},
	 1,
	 {NULL, "memory.current", NULL, 0},
	 1},
	{RUNTIME_MEMORY_MOST,
	 {"memory", "memory.max_usage_in_bytes", NULL, 0},
	 1,
	 {NULL, "memory.peak", NULL, 0},
	 1},
	{RUNTIME_MEMORY_IDLE_FILES,
	 {"memory", "memory.stat", "total_inactive_file", 0},
	 1,
	 {NULL, "memory.stat", "inactive_file", 0},
	 1},
	{RUNTIME_MEMORY_RSS,
	 {"memory", "memory.stat", "total_rss", 0},
	 1,
	 {NULL, "memory.stat", "anon", 0},
	 1},
	{RUNTIME_MEMORY_CACHE,
	 {"memory", "memory.stat", "total_cache", 0},
	 1,
	 {NULL, "memory.stat", "file", 0},
	 1},
	{RUNTIME_MEMORY_MAPPED,
	 {"memory", "memory.stat", "total_mapped_file", 0},
	 1,
	 {NULL, "memory.stat", "file_mapped", 0},
	 1},
	{RUNTIME_PAGE_FAULTS,
	 {"memory", "memory.stat", "total_pgfault", 0},
	 1,
	 {NULL, "memory.stat", "pgfault", 0},
	 1},
	{RUNTIME_MAJOR_PAGE_FAULTS,
	 {"memory", "memory.stat", "total_pgmajfault", 0},
	 1,
	 {NULL, "memory.stat", "pgmajfault", 0},
	 1},
	{RUNTIME_MEMORY_SWAP,
	 {"memory", "memory.stat", "total_swap", 0},
	 1,
	 {NULL, "memory.swap.current", NULL, 0},
	 1},
	{RUNTIME_MEMORY_LIMIT,
	 {"memory", "memory.limit_in_bytes", NULL, 0},
	 1,
	 {NULL, "memory.max", NULL, 0},
	 1},
	{RUNTIME_MEMORY_SWAP_LIMIT,
	 {"memory", "memory.memsw.limit_in_bytes", NULL, 0},
	 1,
	 {NULL, "memory.swap.max", NULL, 0},
	 1},
	{RUNTIME_MEMORY_FAILURES,
	 {"memory", "memory.failcnt", NULL, 0},
	 1,
	 {NULL, "memory.events", "max", 0},
	 1},
	{RUNTIME_PIDS, {"pids", "pids.current", NULL, 0}, 1, {NULL, "pids.current", NULL, 0}, 1},
	{RUNTIME_PIDS_LIMIT, {"pids", "pids.max", NULL, 0}, 1, {NULL, "pids.max", NULL, 0}, 1},
};

/* The last file that was read. */
struct reading {
	const struct oci_cgroups *g;
	const char *path;
	const char *controller, *file;
	bool there;
	struct buf text;
};

static bool read_place(struct reading *r, const struct stats_place *p)
{
	bool same =
		r->file && !strcmp(r->file, p->file) && (r->controller == NULL) == (p->controller == NULL);
	if (same)
		return r->there;
	buf_clear(&r->text);
	r->controller = p->controller;
	r->file = p->file;
	r->there = oci_cgroup_read(r->g, r->path, p->controller, p->file, &r->text);
	return r->there;
}

static int64_t number(const char *p, int field)
{
	for (; field > 0 && (p = strchr(p, ' ')); field--)
		p++;
	if (!p)
		return RUNTIME_UNKNOWN_FIGURE;
	if (!strncmp(p, "max", 3))
		return RUNTIME_UNLIMITED;
	char *end;
	int64_t v = strtoll(p, &end, 10);
	return end == p ? RUNTIME_UNKNOWN_FIGURE : v;
}

static int64_t look_up(const char *text, const struct stats_place *p)
{
	size_t n = p->word ? strlen(p->word) : 0;
	for (const char *l = text; l && *l; l = strchr(l, '\n'), l = l ? l + 1 : NULL)
		if (!p->word || (!strncmp(l, p->word, n) && l[n] == ' '))
			return number(p->word ? l + n + 1 : l, p->field);
	return RUNTIME_UNKNOWN_FIGURE;
}

/* Of v1's, no limit is as much as a page counter takes. */
static int64_t in_units(int64_t v, int64_t unit)
{
	if (!unit) /* ticks of the clock */
		unit = NS_PER_S / sysconf(_SC_CLK_TCK);
	if (v > INT64_MAX / 2)
		return RUNTIME_UNLIMITED;
	return v < 0 ? RUNTIME_UNKNOWN_FIGURE : v * unit;
}

static void read_figures(struct reading *r, struct runtime_stats *s)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct stats_row *row = &rows[i];
		int64_t v = RUNTIME_UNKNOWN_FIGURE;
		if (read_place(r, &row->v2))
			v = in_units(look_up(buf_str(&r->text), &row->v2), row->unit2);
		/* A hybrid machine's v2 tree counts a little of everything. */
		if (v == RUNTIME_UNKNOWN_FIGURE && read_place(r, &row->v1))
			v = in_units(look_up(buf_str(&r->text), &row->v1), row->unit1);
		s->v[row->figure] = v;
	}
}

/* ---- the shares of both kinds ---- */

/* cpu.weight covers 1…10000 where cpu.shares covers 2…262144. */
static void convert_weight(struct runtime_stats *s, bool v2)
{
	int64_t w = s->v[RUNTIME_CPU_SHARES];
	if (v2 && w > 0)
		s->v[RUNTIME_CPU_SHARES] = 2 + (w - 1) * 262142 / 9999;
}

/* v1's bound is of memory and swap together. */
static void convert_swap_limit(struct runtime_stats *s, bool v2)
{
	int64_t *both = &s->v[RUNTIME_MEMORY_SWAP_LIMIT], memory = s->v[RUNTIME_MEMORY_LIMIT];
	if (!v2 && *both > 0 && *both != RUNTIME_UNLIMITED && memory > 0 && memory <= *both)
		*both -= memory;
}

/* ---- devices ---- */

static struct runtime_device_io *device(struct runtime_stats *s, unsigned major, unsigned minor)
{
	for (size_t i = 0; i < s->n_io; i++)
		if (s->io[i].major == major && s->io[i].minor == minor)
			return &s->io[i];
	if (s->n_io == RUNTIME_DEVICES_MAX)
		return NULL;
	s->io[s->n_io] = (struct runtime_device_io){.major = major, .minor = minor};
	return &s->io[s->n_io++];
}

static int64_t after(const char *line, const char *word)
{
	const char *p = strstr(line, word);
	return p ? strtoll(p + strlen(word), NULL, 10) : 0;
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 …" */
static void read_io_2(struct runtime_stats *s, char *text)
{
	char *save = NULL;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		unsigned major, minor;
		struct runtime_device_io *d =
			sscanf(l, "%u:%u ", &major, &minor) == 2 ? device(s, major, minor) : NULL;
		if (!d)
			continue;
		d->read_bytes = after(l, "rbytes=");
		d->written_bytes = after(l, "wbytes=");
		d->reads = after(l, "rios=");
		d->writes = after(l, "wios=");
	}
}

/* "8:0 Read 1\n8:0 Write 2\n…" */
static void read_io_1(struct runtime_stats *s, char *text, bool bytes)
{
	char *save = NULL;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		unsigned major, minor;
		int64_t v;
		char what[16];
		struct runtime_device_io *d = sscanf(l, "%u:%u %15s %" SCNd64, &major, &minor, what, &v) == 4
						      ? device(s, major, minor)
						      : NULL;
		if (d && !strcmp(what, "Read"))
			*(bytes ? &d->read_bytes : &d->reads) = v;
		else if (d && !strcmp(what, "Write"))
			*(bytes ? &d->written_bytes : &d->writes) = v;
	}
}

static void read_io(struct reading *r, struct runtime_stats *s)
{
	static const struct stats_place two = {NULL, "io.stat", NULL, 0},
					bytes = {"blkio", "blkio.throttle.io_service_bytes_recursive", NULL,
						 0},
					count = {"blkio", "blkio.throttle.io_serviced_recursive", NULL, 0};
	if (read_place(r, &two)) {
		read_io_2(s, (char *)buf_str(&r->text));
		return;
	}
	if (read_place(r, &bytes))
		read_io_1(s, (char *)buf_str(&r->text), true);
	if (read_place(r, &count))
		read_io_1(s, (char *)buf_str(&r->text), false);
}

int oci_stats_read(const struct oci_cgroups *g, const char *path, struct runtime_stats *ret, struct err *err)
{
	static const struct stats_place waits[RUNTIME_WAITED] = {
		[RUNTIME_ON_CPU] = {NULL, "cpu.pressure", NULL, 0},
		[RUNTIME_ON_MEMORY] = {NULL, "memory.pressure", NULL, 0},
		[RUNTIME_ON_IO] = {NULL, "io.pressure", NULL, 0}};
	struct reading r = {.g = g, .path = path};
	*ret = (struct runtime_stats){.at_ns = clock_wall_ns()};
	snprintf(ret->cgroup, sizeof(ret->cgroup), "%s", path);
	read_figures(&r, ret);
	bool v2 = oci_cgroup_read(g, path, NULL, "memory.current", &r.text);
	convert_weight(ret, oci_cgroup_read(g, path, NULL, "cpu.weight", &r.text));
	convert_swap_limit(ret, v2);
	r.file = NULL;
	read_io(&r, ret);
	for (size_t i = 0; i < RUNTIME_WAITED; i++)
		if (read_place(&r, &waits[i]))
			runtime_waits_parse(buf_str(&r.text), &ret->waits[i]);
	buf_release(&r.text);
	if (ret->v[RUNTIME_CPU] < 0 && ret->v[RUNTIME_MEMORY] < 0)
		return err_set(err, REASON_NOT_FOUND, "cgroup %s counts nothing", path);
	return 0;
}

/* ---- of the runtime ---- */

int oci_container_stats(struct runtime *rt, const char *id, struct runtime_stats *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_container *c = oci_container_find(o, id);
	if (!c)
		return err_set(err, REASON_NOT_FOUND, "container %s not found", id);
	int rc = oci_stats_read(o->cgroups, c->cgroup, ret, err);
	oci_container_unref(c);
	return rc;
}

/* The interfaces of a namespace are those that a process in it sees. */
static size_t read_interfaces(pid_t pid, struct runtime_interface v[RUNTIME_INTERFACES_MAX])
{
	autofree char *path = mem_printf("/proc/%d/net/dev", (int)pid);
	autobuf struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	return tree_read(path, FILE_MAX, &text, &ignored) == 0 ? runtime_interfaces_parse(buf_str(&text), v)
							       : 0;
}

int oci_sandbox_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
		      struct runtime_interface v[RUNTIME_INTERFACES_MAX], size_t *ret_n, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_sandbox *s = oci_sandbox_find(o, id);
	if (!s)
		return err_set(err, REASON_NOT_FOUND, "sandbox %s not found", id);
	pthread_mutex_lock(&o->lock);
	pid_t pid = s->pause.pid;
	pthread_mutex_unlock(&o->lock);
	*ret_n = s->host_network || pid <= 0 ? 0 : read_interfaces(pid, v);
	int rc = oci_stats_read(o->cgroups, s->cgroup, ret, err);
	oci_sandbox_unref(s);
	return rc;
}

int oci_group_stats(struct runtime *rt, const char *group, struct runtime_stats *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	autofree char *path = oci_group_path(o, group);
	return oci_stats_read(o->cgroups, path, ret, err);
}
