/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/oci_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "os/figure.h"
#include "os/tree.h"

#define MOUNTINFO_MAX (16u << 20)
#define PERIOD_US 100000 /* of the cpu quota, as the kubelet's default */
#define KILL_NS (10 * NS_PER_S)
#define BATCH 64 /* processes killed and awaited at a time */
#define DEPTH_MAX 16
#define CONTROLLERS_MAX 4096

struct hierarchy {
	char *dir;
	char *options; /* v1: ",cpu,cpuacct," ; v2: "" */
	bool v2;
};

struct oci_cgroups {
	struct hierarchy v[OCI_HIERARCHIES_MAX];
	size_t n;
	bool unified;
	struct oci_lacks lacks;
	struct hugepages huge;
};

void oci_cgroups_free(struct oci_cgroups *g)
{
	for (size_t i = 0; g && i < g->n; i++) {
		free(g->v[i].dir);
		free(g->v[i].options);
	}
	free(g);
}

bool oci_cgroups_unified(const struct oci_cgroups *g)
{
	return g->unified;
}

struct oci_lacks oci_cgroups_lack(const struct oci_cgroups *g)
{
	return g->lacks;
}

static bool has(const struct hierarchy *h, const char *controller)
{
	char key[64];
	snprintf(key, sizeof(key), ",%s,", controller);
	return strstr(h->options, key) != NULL;
}

/* "… MOUNTPOINT OPTIONS … - TYPE SOURCE SUPEROPTIONS" */
static void read_line(struct oci_cgroups *g, char *line)
{
	char *sep = strstr(line, " - "), *save = NULL, *field = strtok_r(line, " ", &save);
	if (!sep || g->n == OCI_HIERARCHIES_MAX)
		return;
	for (int i = 0; i < 4 && field; i++)
		field = strtok_r(NULL, " ", &save);
	char type[32], super[256];
	if (!field || sscanf(sep + 3, "%31s %*s %255s", type, super) != 2)
		return;
	bool v1 = !strcmp(type, "cgroup"), v2 = !strcmp(type, "cgroup2");
	if (!v1 && !v2)
		return;
	g->v[g->n++] = (struct hierarchy){.dir = mem_strdup(field),
					  .options = v1 ? mem_printf(",%s,", super) : mem_strdup(""),
					  .v2 = v2};
}

static bool is_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strspn(p, " \n")) {
		size_t len = strcspn(p, " \n");
		if (len == n && !memcmp(p, word, n))
			return true;
		p += len;
	}
	return false;
}

static void see_controllers(struct oci_cgroups *g)
{
	struct err ignored = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *path = mem_printf("%s/cgroup.controllers", g->v[0].dir);

	if (tree_read(path, CONTROLLERS_MAX, &b, &ignored) < 0)
		return;
	const char *list = buf_str(&b);
	g->lacks = (struct oci_lacks){.cpu = !is_word(list, "cpu"),
				      .memory = !is_word(list, "memory"),
				      .pids = !is_word(list, "pids")};
}

struct oci_cgroups *oci_cgroups_open(const char *mountinfo, const char *huge_dir, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	if (tree_read(mountinfo, MOUNTINFO_MAX, &b, err) < 0)
		return NULL;
	struct oci_cgroups *g = MEM_NEW(struct oci_cgroups);
	char *save = NULL;
	for (char *l = b.p ? strtok_r(b.p, "\n", &save) : NULL; l; l = strtok_r(NULL, "\n", &save))
		read_line(g, l);
	if (!g->n) {
		oci_cgroups_free(g);
		err_set(err, REASON_NOT_FOUND, "no cgroup file system is mounted");
		return NULL;
	}
	g->unified = g->n == 1 && g->v[0].v2;
	if (g->unified)
		see_controllers(g);
	hugepages_read(huge_dir, &g->huge);
	return g;
}

/* ---- making ---- */

static int write_file(const char *dir, const char *path, const char *file, const char *text)
{
	char p[4096];
	if (snprintf(p, sizeof(p), "%s%s/%s", dir, path, file) >= (int)sizeof(p)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = open(p, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, text, strlen(text));
	int saved = errno;
	close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

/* Children get a controller only when every ancestor hands it down. What a machine lacks is not asked for. */
static void enable_controllers(const struct hierarchy *h, const char *path)
{
	static const char *const wanted[] = {"+cpu", "+memory", "+pids", "+io", "+cpuset", "+hugetlb"};
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		(void)write_file(h->dir, path, "cgroup.subtree_control", wanted[i]);
}

static int make_dirs(const struct hierarchy *h, const char *path, bool leaf, struct err *err)
{
	char prefix[1024];
	if (h->v2)
		enable_controllers(h, "");
	for (const char *p = path; *p;) {
		p += 1 + strcspn(p + 1, "/");
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(p - path), path);
		autofree char *dir = mem_printf("%s%s", h->dir, prefix);
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return err_errno(err, "mkdir %s", dir);
		if (h->v2 && !(leaf && !*p))
			enable_controllers(h, prefix);
	}
	return 0;
}

struct setting {
	const char *controller; /* v1; NULL = v2 */
	const char *file;
	char value[64];
};

/* cpu.weight covers 1…10000 where cpu.shares covers 2…262144; the kubelet's and runc's mapping. */
static uint64_t weight_of(uint64_t shares)
{
	uint64_t s = shares < 2 ? 2 : shares > 262144 ? 262144 : shares;
	return 1 + (s - 2) * 9999 / 262142;
}

static int apply(const struct hierarchy *h, const char *path, const struct setting *s, struct err *err)
{
	if (!s->value[0] || (s->controller ? h->v2 || !has(h, s->controller) : !h->v2))
		return 0;
	/* A hybrid machine's v2 tree has no controllers. */
	if (write_file(h->dir, path, s->file, s->value) < 0 && !(h->v2 && errno == ENOENT))
		return err_errno(err, "set %s of %s to %s", s->file, path, s->value);
	return 0;
}

static int apply_limits(const struct hierarchy *h, const char *path, const struct runtime_limits *l,
			struct err *err)
{
	struct setting v[] = {{"cpu", "cpu.shares", ""},       {"cpu", "cpu.cfs_period_us", ""},
			      {"cpu", "cpu.cfs_quota_us", ""}, {"memory", "memory.limit_in_bytes", ""},
			      {"pids", "pids.max", ""},	       {NULL, "cpu.weight", ""},
			      {NULL, "cpu.max", ""},	       {NULL, "memory.max", ""},
			      {NULL, "pids.max", ""}};
	if (l->cpu_shares) {
		snprintf(v[0].value, sizeof(v[0].value), "%llu", (unsigned long long)l->cpu_shares);
		snprintf(v[5].value, sizeof(v[5].value), "%llu",
			 (unsigned long long)weight_of(l->cpu_shares));
	}
	if (l->cpu_quota_us) {
		snprintf(v[1].value, sizeof(v[1].value), "%d", PERIOD_US);
		snprintf(v[2].value, sizeof(v[2].value), "%lld", (long long)l->cpu_quota_us);
		snprintf(v[6].value, sizeof(v[6].value), "%lld %d", (long long)l->cpu_quota_us, PERIOD_US);
	}
	if (l->memory_bytes) {
		snprintf(v[3].value, sizeof(v[3].value), "%lld", (long long)l->memory_bytes);
		snprintf(v[7].value, sizeof(v[7].value), "%lld", (long long)l->memory_bytes);
	}
	if (l->pids) {
		snprintf(v[4].value, sizeof(v[4].value), "%lld", (long long)l->pids);
		snprintf(v[8].value, sizeof(v[8].value), "%lld", (long long)l->pids);
	}
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (apply(h, path, &v[i], err) < 0)
			return -1;
	return 0;
}

static int64_t huge_limit(const struct runtime_limits *l, int64_t size)
{
	for (size_t i = 0; i < l->n_huge; i++)
		if (l->huge[i].size == size)
			return l->huge[i].bytes;
	return 0;
}

/* Pages that are used, and those that are promised to a mapping, which older kernels do not count apart. */
static int apply_huge(const struct oci_cgroups *g, const struct hierarchy *h, const char *path,
		      const struct runtime_limits *l, struct err *err)
{
	static const char *const kinds[] = {"", ".rsvd"};

	if (!l->bounds_huge || (!h->v2 && !has(h, "hugetlb")))
		return 0;
	for (size_t i = 0; i < g->huge.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
			char unit[HUGEPAGES_UNIT_MAX], file[64], value[32];
			hugepages_unit(g->huge.v[i].size, unit);
			snprintf(file, sizeof(file), "hugetlb.%s%s.%s", unit, kinds[k],
				 h->v2 ? "max" : "limit_in_bytes");
			snprintf(value, sizeof(value), "%lld", (long long)huge_limit(l, g->huge.v[i].size));
			if (write_file(h->dir, path, file, value) < 0 && errno != ENOENT)
				return err_errno(err, "set %s of %s to %s", file, path, value);
		}
	return 0;
}

/* A new v1 cpuset has no cpus and takes nobody in until it has; the OCI runtime fills in the parents of its
 * own. */
static bool is_cpuset(const struct hierarchy *h)
{
	return !h->v2 && has(h, "cpuset");
}

int oci_cgroup_make(const struct oci_cgroups *g, const char *path, const struct runtime_limits *l,
		    struct err *err)
{
	for (size_t i = 0; i < g->n; i++)
		if (!is_cpuset(&g->v[i]) &&
		    (make_dirs(&g->v[i], path, false, err) < 0 || apply_limits(&g->v[i], path, l, err) < 0 ||
		     apply_huge(g, &g->v[i], path, l, err) < 0))
			return -1;
	return 0;
}

int oci_cgroup_update(const struct oci_cgroups *g, const char *path, const struct runtime_limits *l,
		      struct err *err)
{
	for (size_t i = 0; i < g->n; i++)
		if (!is_cpuset(&g->v[i]) &&
		    (apply_limits(&g->v[i], path, l, err) < 0 || apply_huge(g, &g->v[i], path, l, err) < 0))
			return -1;
	return 0;
}

int oci_cgroup_huge(const struct oci_cgroups *g, const char *path, const struct runtime_limits *l,
		    struct err *err)
{
	for (size_t i = 0; i < g->n; i++)
		if (apply_huge(g, &g->v[i], path, l, err) < 0)
			return -1;
	return 0;
}

int oci_cgroup_enter(const struct oci_cgroups *g, const char *path, int pid, struct err *err)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", pid);
	for (size_t i = 0; i < g->n; i++) {
		if (is_cpuset(&g->v[i]))
			continue;
		if (make_dirs(&g->v[i], path, true, err) < 0)
			return -1;
		if (write_file(g->v[i].dir, path, "cgroup.procs", text) < 0)
			return err_errno(err, "move process %d to cgroup %s", pid, path);
	}
	return 0;
}

/* ---- removing ---- */

/* Kills up to BATCH processes and waits for them; returns how many there were, -1 when one does not go. */
static int kill_batch(const char *dir)
{
	char p[4096];
	snprintf(p, sizeof(p), "%s/cgroup.procs", dir);
	FILE *f = fopen(p, "re");
	if (!f)
		return 0;
	struct pollfd fds[BATCH];
	int n = 0, pid, left;
	while (n < BATCH && fscanf(f, "%d", &pid) == 1) {
		int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
		if (fd < 0)
			continue;
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
		fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	fclose(f);
	int64_t deadline = clock_mono_ns() + KILL_NS;
	for (left = n; left;) {
		int64_t wait = (deadline - clock_mono_ns()) / NS_PER_MS;
		if (wait <= 0 || (poll(fds, (nfds_t)n, (int)wait) < 0 && errno != EINTR))
			break;
		for (int i = 0; i < n; i++)
			if (fds[i].fd >= 0 && fds[i].revents) {
				close(fds[i].fd);
				fds[i].fd = -1;
				left--;
			}
	}
	for (int i = 0; i < n; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	return left ? -1 : n;
}

static int remove_dir(const char *dir, int depth, struct err *err)
{
	DIR *d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : err_errno(err, "open %s", dir);
	int rc = 0;
	const struct dirent *e;
	while (rc == 0 && (e = readdir(d)))
		if (e->d_type == DT_DIR && strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) {
			autofree char *sub = mem_printf("%s/%s", dir, e->d_name);
			rc = depth < DEPTH_MAX ? remove_dir(sub, depth + 1, err)
					       : err_set(err, REASON_INTERNAL, "%s is nested too deep", dir);
		}
	closedir(d);
	if (rc < 0)
		return -1;
	/* A dying process may still have forked; a zombie leaves its group only when it is reaped. */
	for (int64_t deadline = clock_mono_ns() + KILL_NS; rmdir(dir) < 0;) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_mono_ns() > deadline)
			return err_errno(err, "remove cgroup %s", dir);
		int n = kill_batch(dir);
		if (n < 0)
			return err_set(err, REASON_TIMEOUT, "a process in %s does not end", dir);
		/* Busy without a process: its last one is on its way out; nothing tells when it is through.
		 */
		if (n == 0)
			poll(NULL, 0, 1);
	}
	return 0;
}

int oci_cgroup_remove(const struct oci_cgroups *g, const char *path, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < g->n; i++) {
		autofree char *dir = mem_printf("%s%s", g->v[i].dir, path);
		struct err e = ERR_INIT;
		if (remove_dir(dir, 0, &e) < 0 && rc == 0) {
			*err = e;
			rc = -1;
		}
	}
	return rc;
}

/* ---- usage ---- */

/* The number in a file, or behind a word at the beginning of one of its lines; -1. */
static int64_t read_number(const struct hierarchy *h, const char *path, const char *file, const char *word)
{
	autofree char *full = mem_printf("%s%s/%s", h->dir, path, file);
	autobuf struct buf b = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (tree_read(full, 65536, &b, &ignored) < 0)
		return -1;
	return word ? figure_of(buf_str(&b), word, -1) : strtoll(buf_str(&b), NULL, 10);
}

struct usage_files { /* one of v1's controllers and its namesake */
	const char *controller, *file, *word;
	int64_t unit;
};
static const struct usage_files cpu_files[] = {{"cpuacct", "cpuacct.usage", NULL, 1},
					       {NULL, "cpu.stat", "usage_usec ", NS_PER_US}},
				memory_files[] = {{"memory", "memory.usage_in_bytes", NULL, 1},
						  {NULL, "memory.current", NULL, 1}},
				idle_files[] = {{"memory", "memory.stat", "total_inactive_file ", 1},
						{NULL, "memory.stat", "inactive_file ", 1}},
				pids_files[] = {{"pids", "pids.current", NULL, 1},
						{NULL, "pids.current", NULL, 1}};

static int64_t read_usage(const struct oci_cgroups *g, const char *path, const struct usage_files files[2])
{
	for (size_t i = 0; i < g->n; i++) {
		const struct usage_files *f = &files[g->v[i].v2];

		if (f->controller && !has(&g->v[i], f->controller))
			continue;
		int64_t n = read_number(&g->v[i], path, f->file, f->word);

		if (n >= 0)
			return n * f->unit;
	}
	return -1;
}

int oci_cgroup_usage(const struct oci_cgroups *g, const char *path, struct runtime_usage *ret,
		     struct err *err)
{
	int64_t cpu = read_usage(g, path, cpu_files), memory = read_usage(g, path, memory_files),
		idle = read_usage(g, path, idle_files), pids = read_usage(g, path, pids_files);

	if (cpu < 0 && memory < 0)
		return err_set(err, REASON_NOT_FOUND, "cgroup %s counts nothing", path);
	memory -= idle > 0 ? idle : 0;
	*ret = (struct runtime_usage){
		.cpu_ns = cpu > 0 ? cpu : 0, .memory = memory > 0 ? memory : 0, .pids = pids > 0 ? pids : 0};
	return 0;
}

bool oci_cgroup_read(const struct oci_cgroups *g, const char *path, const char *controller, const char *file,
		     struct buf *out)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct hierarchy *h = &g->v[i];
		struct err ignored = ERR_INIT;
		if (controller ? h->v2 || !has(h, controller) : !h->v2)
			continue;
		autofree char *full = mem_printf("%s%s/%s", h->dir, path, file);
		if (tree_read(full, 1u << 20, out, &ignored) == 0)
			return true;
	}
	return false;
}

bool oci_cgroup_oom_killed(const struct oci_cgroups *g, const char *path)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct hierarchy *h = &g->v[i];
		if (!h->v2 && !has(h, "memory"))
			continue;
		autofree char *file =
			mem_printf("%s%s/%s", h->dir, path, h->v2 ? "memory.events" : "memory.oom_control");
		autobuf struct buf b = BUF_INIT;
		struct err ignored = ERR_INIT;
		if (tree_read(file, 65536, &b, &ignored) < 0)
			continue;
		unsigned long long n = 0;
		const char *p = strstr(buf_str(&b), "oom_kill ");
		if (p && sscanf(p, "oom_kill %llu", &n) == 1 && n)
			return true;
	}
	return false;
}
