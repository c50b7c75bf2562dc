/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages: what kube daemons answer, word for word, because probes and people grep for it.
 *
 * Process metrics are read from /proc when scraped, never in the background.
 */
#include "serve/health.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "object/version.h"
#include "serve/health_sli_internal.h"

static struct {
	pthread_mutex_t lock;
	struct health_check v[HEALTH_MAX_CHECKS];
	size_t n;
} checks = {.lock = PTHREAD_MUTEX_INITIALIZER};

void health_add(const struct health_check *c)
{
	size_t i = 0;

	pthread_mutex_lock(&checks.lock);
	while (i < checks.n && strcmp(checks.v[i].name, c->name))
		i++;
	if (i < HEALTH_MAX_CHECKS)
		checks.v[i] = *c;
	if (i == checks.n && i < HEALTH_MAX_CHECKS)
		checks.n++;
	pthread_mutex_unlock(&checks.lock);
}

void health_add_check(const char *name, health_check_fn *fn, void *arg)
{
	health_add(&(struct health_check){.name = name, .fn = fn, .arg = arg});
}

/* ---- /healthz and its kin ---- */

/* The next value of an `exclude` parameter behind *query. */
static bool next_excluded(const char **query, const char **ret, size_t *ret_n)
{
	for (const char *p = *query; p && *p; p = *p ? p + 1 : p) {
		size_t n = strcspn(p, "&");
		const char *at = p;

		p += n;
		if (n < 8 || strncmp(at, "exclude=", 8))
			continue;
		*ret = at + 8;
		*ret_n = n - 8;
		*query = *p ? p + 1 : p;
		return true;
	}
	return false;
}

static bool is_named(const char *name, const char *p, size_t n)
{
	return name && strlen(name) == n && !memcmp(name, p, n);
}

static bool excluded(const char *query, const char *name)
{
	const char *p;
	size_t n;

	while (next_excluded(&query, &p, &n))
		if (is_named(name, p, n))
			return true;
	return false;
}

#define UNKNOWN_MAX 32
struct excluded_name {
	const char *p;
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	const struct excluded_name *x = a, *y = b;
	int c = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return c ? c : (x->n > y->n) - (x->n < y->n);
}

/* What was to be excluded and is not there, each once. */
static void tell_unknown(const char *query, const struct health_check *v, size_t count, struct buf *out)
{
	struct excluded_name names[UNKNOWN_MAX], one;
	size_t n = 0;

	while (n < UNKNOWN_MAX && next_excluded(&query, &one.p, &one.n)) {
		bool known = false;

		for (size_t i = 0; i < count && !known; i++)
			known = is_named(v[i].name, one.p, one.n) || is_named(v[i].group, one.p, one.n);
		if (!known)
			names[n++] = one;
	}
	if (!n)
		return;
	qsort(names, n, sizeof(*names), by_text);
	buf_adds(out, "warn: some health checks cannot be excluded: no matches for ");
	for (size_t i = 0; i < n; i++) {
		if (i && !by_text(&names[i - 1], &names[i]))
			continue;
		buf_adds(out, i ? "," : "");
		buf_add_json_string(out, names[i].p, names[i].n);
	}
	buf_addc(out, '\n');
}

static bool has_parameter(const char *query, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = query; p && *p; p = strchr(p, '&'), p = p ? p + 1 : NULL)
		if (!strncmp(p, name, n) && (!p[n] || p[n] == '=' || p[n] == '&'))
			return true;
	return false;
}

static bool run_check(const struct health_check *c, char why[128])
{
	why[0] = '\0';
	if (c->fn(c->arg, why))
		return true;
	log_v(2, "health check failed", "check=%s why=\"%s\"", c->name, why);
	return false;
}

static bool ping(void *arg, char why[128])
{
	return true;
}

enum probe { PROBE_HEALTHZ, PROBE_LIVEZ, PROBE_READYZ };

static bool belongs(const struct health_check *c, enum probe p)
{
	return p == PROBE_READYZ ||
	       (p == PROBE_LIVEZ ? c->pages & HEALTH_LIVEZ : !(c->pages & HEALTH_ONLY_READYZ));
}

static size_t snapshot(struct health_check out[HEALTH_MAX_CHECKS + 1], enum probe p)
{
	size_t n = 1;

	out[0] = (struct health_check){.name = "ping", .fn = ping};
	pthread_mutex_lock(&checks.lock);
	for (size_t i = 0; i < checks.n; i++)
		if (belongs(&checks.v[i], p))
			out[n++] = checks.v[i];
	pthread_mutex_unlock(&checks.lock);
	return n;
}

static int whole_page(const char *name, const char *query, const struct health_check *v, size_t n,
		      struct buf *out)
{
	autobuf struct buf list = BUF_INIT;
	bool good = true;
	char why[128];

	for (size_t i = 0; i < n; i++) {
		if (excluded(query, v[i].name)) {
			buf_addf(&list, "[+]%s excluded: ok\n", v[i].name);
		} else if (v[i].group && excluded(query, v[i].group)) {
			buf_addf(&list, "[+]%s excluded with %s: ok\n", v[i].name, v[i].group);
		} else {
			bool ok = run_check(&v[i], why);
			health_sli_note(v[i].name, name, ok);
			good = good && ok;
			buf_addf(&list, ok ? "[+]%s ok\n" : "[-]%s failed: reason withheld\n", v[i].name);
		}
	}
	tell_unknown(query, v, n, &list);
	if (!good)
		buf_addf(out, "%s%s check failed\n", buf_str(&list), name);
	else if (has_parameter(query, "verbose"))
		buf_addf(out, "%s%s check passed\n", buf_str(&list), name);
	else
		buf_adds(out, "ok");
	return good ? 200 : 500;
}

static int one_page(const char *wanted, const struct health_check *v, size_t n, struct buf *out)
{
	char why[128];

	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].name, wanted) && (!v[i].group || strcmp(v[i].group, wanted)))
			continue;
		if (run_check(&v[i], why)) {
			buf_adds(out, "ok");
			return 200;
		}
		buf_addf(out, "internal server error: %s\n", why);
		return 500;
	}
	buf_adds(out, "404 page not found\n");
	return 404;
}

/* ---- /version ---- */

#define BUILD_DATE "1970-01-01T00:00:00Z"
#define COMPILER "cc"
#define GIT_COMMIT                                                                                           \
	"0000000000000000000000000000000000000000" /* as the API server's: clients want hexadecimal digits */

static const char *architecture(void)
{
	static const char *const machines[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}};
	struct utsname u;

	for (size_t i = 0; !uname(&u) && i < ARRAY_LEN(machines); i++)
		if (!strcmp(u.machine, machines[i][0]))
			return machines[i][1];
	return "unknown";
}

/* Nothing is emulated: what is emulated is what there is. */
static void version_page(struct buf *out)
{
	buf_addf(out,
		 "{\n  \"major\": \"" KUBERNETES_MAJOR "\",\n  \"minor\": \"" KUBERNETES_MINOR "\",\n"
		 "  \"emulationMajor\": \"" KUBERNETES_MAJOR "\",\n  \"emulationMinor\": \"" KUBERNETES_MINOR
		 "\",\n"
		 "  \"minCompatibilityMajor\": \"" KUBERNETES_MAJOR "\",\n"
		 "  \"minCompatibilityMinor\": \"" KUBERNETES_OLDEST_MINOR "\",\n"
		 "  \"gitVersion\": \"" KUBERNETES_VERSION "\",\n"
		 "  \"gitCommit\": \"" GIT_COMMIT "\",\n  \"gitTreeState\": \"clean\",\n"
		 "  \"buildDate\": \"" BUILD_DATE
		 "\",\n  \"goVersion\": \"none\",\n  \"compiler\": \"" COMPILER "\",\n"
		 "  \"platform\": \"linux/%s\"\n}",
		 architecture());
}

/* ---- /metrics ---- */

static bool read_stat(unsigned long long *ret_start_ticks, unsigned long long *ret_vsize,
		      long long *ret_rss_pages)
{
	FILE *f = fopen("/proc/self/stat", "re");
	char line[1024], *p = NULL;

	if (f && fgets(line, sizeof(line), f))
		p = strrchr(line, ')'); /* the program's name may hold anything */
	if (f)
		fclose(f);
	/* Fields 22 to 24 of proc(5), counted from the third. */
	return p &&
	       sscanf(p + 2,
		      "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %lld",
		      ret_start_ticks, ret_vsize, ret_rss_pages) == 3;
}

static double cpu_seconds(void *arg)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double resident_bytes(void *arg)
{
	unsigned long long start, vsize;
	long long rss;

	return read_stat(&start, &vsize, &rss) ? (double)rss * (double)sysconf(_SC_PAGESIZE) : 0;
}

static double virtual_bytes(void *arg)
{
	unsigned long long start, vsize;
	long long rss;

	return read_stat(&start, &vsize, &rss) ? (double)vsize : 0;
}

static double boot_seconds(void)
{
	FILE *f = fopen("/proc/stat", "re");
	unsigned long long t = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "btime %llu", &t) == 1)
			break;
	if (f)
		fclose(f);
	return (double)t;
}

static double start_seconds(void *arg)
{
	unsigned long long start, vsize;
	long long rss;

	if (!read_stat(&start, &vsize, &rss))
		return 0;
	return boot_seconds() + (double)start / (double)sysconf(_SC_CLK_TCK);
}

static double open_fds(void *arg)
{
	DIR *d = opendir("/proc/self/fd");
	double n = -3; /* ".", ".." and the one that reads */

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static double max_fds(void *arg)
{
	struct rlimit l;

	return getrlimit(RLIMIT_NOFILE, &l) ? 0 : (double)l.rlim_cur;
}

static const struct {
	struct metric_def def;
	double (*fn)(void *arg);
} process_metrics[] = {
	{{"process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", METRIC_COUNTER,
	  NULL, NULL},
	 cpu_seconds},
	{{"process_resident_memory_bytes", "Resident memory size in bytes.", METRIC_GAUGE, NULL, NULL},
	 resident_bytes},
	{{"process_virtual_memory_bytes", "Virtual memory size in bytes.", METRIC_GAUGE, NULL, NULL},
	 virtual_bytes},
	{{"process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
	  METRIC_GAUGE, NULL, NULL},
	 start_seconds},
	{{"process_open_fds", "Number of open file descriptors.", METRIC_GAUGE, NULL, NULL}, open_fds},
	{{"process_max_fds", "Maximum number of open file descriptors.", METRIC_GAUGE, NULL, NULL}, max_fds},
};

static void register_process_metrics(void)
{
	static const struct metric_def build = {
		.name = "kubernetes_build_info",
		.help = "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
		.type = METRIC_GAUGE,
		.label_names =
			"build_date,compiler,git_commit,git_tree_state,git_version,go_version,major,minor,platform",
	};
	static const struct metric_def own = {
		.name = "coracle_build_info",
		.help = "A metric with a constant '1' value labeled by version.",
		.type = METRIC_GAUGE,
		.label_names = "version",
	};
	autofree char *labels =
		mem_printf(BUILD_DATE "\x1f" COMPILER "\x1f" GIT_COMMIT "\x1f"
				      "clean\x1f" KUBERNETES_VERSION "\x1fnone\x1f" KUBERNETES_MAJOR
				      "\x1f" KUBERNETES_MINOR "\x1flinux/%s",
			   architecture());

	for (size_t i = 0; i < ARRAY_LEN(process_metrics); i++)
		metric_gauge_fn(&process_metrics[i].def, NULL, process_metrics[i].fn, NULL);
	metric_set(metric_series(metric_register(&build), labels), 1);
	metric_set(metric_series(metric_register(&own), CORACLE_VERSION), 1);
}

static void metrics_page(struct buf *out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_process_metrics);
	metric_write(out);
}

/* ---- the page table ---- */

static const struct {
	const char *path, *type;
	void (*write)(struct buf *out);
} pages[] = {
	{"/metrics", "text/plain; version=0.0.4; charset=utf-8", metrics_page},
	{"/metrics/slis", "text/plain; version=0.0.4; charset=utf-8", health_sli_write},
	{"/version", "application/json", version_page},
};

#define OWN_PAGES_MAX 4
static struct own_page {
	const char *path, *type;
	void (*write)(void *arg, const char *query, struct buf *out);
	void *arg;
} own_pages[OWN_PAGES_MAX];
static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER; /* guards own_pages */

void health_add_page(const char *path, const char *type,
		     void (*write)(void *arg, const char *query, struct buf *out), void *arg)
{
	pthread_mutex_lock(&own_lock);
	for (size_t i = 0; i < OWN_PAGES_MAX; i++) {
		if (own_pages[i].path && strcmp(own_pages[i].path, path) != 0)
			continue;
		own_pages[i] = (struct own_page){path, type, write, arg};
		break;
	}
	pthread_mutex_unlock(&own_lock);
}

/* {0} when there is none. */
static struct own_page find_own(const char *path)
{
	struct own_page ret = {0};

	pthread_mutex_lock(&own_lock);
	for (size_t i = 0; i < OWN_PAGES_MAX; i++)
		if (own_pages[i].path && !strcmp(own_pages[i].path, path))
			ret = own_pages[i];
	pthread_mutex_unlock(&own_lock);
	return ret;
}

static const struct {
	const char *name;
	enum probe probe;
} probes[] = {{"healthz", PROBE_HEALTHZ}, {"livez", PROBE_LIVEZ}, {"readyz", PROBE_READYZ}};

void health_paths(void (*each)(void *arg, const char *path), void *arg)
{
	struct health_check v[HEALTH_MAX_CHECKS + 1];

	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		each(arg, pages[i].path);
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		size_t n = snapshot(v, probes[i].probe);
		autofree char *whole = mem_printf("/%s", probes[i].name);

		each(arg, whole);
		for (size_t c = 0; c < n; c++) {
			autofree char *path = mem_printf("/%s/%s", probes[i].name, v[c].name);

			each(arg, path);
		}
	}
}

bool health_page(const char *path, const char *query, struct buf *out, int *ret_status, const char **ret_type)
{
	struct health_check v[HEALTH_MAX_CHECKS + 1];

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (strcmp(path, pages[i].path))
			continue;
		pages[i].write(out);
		*ret_status = 200;
		*ret_type = pages[i].type;
		return true;
	}
	struct own_page own = find_own(path);
	if (own.write) {
		own.write(own.arg, query, out);
		*ret_status = 200;
		*ret_type = own.type;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		size_t n = strlen(probes[i].name), count;

		if (*path != '/' || strncmp(path + 1, probes[i].name, n) ||
		    (path[n + 1] && path[n + 1] != '/'))
			continue;
		count = snapshot(v, probes[i].probe);
		*ret_type = "text/plain; charset=utf-8";
		if (path[n + 1])
			*ret_status = one_page(path + n + 2, v, count, out);
		else
			*ret_status = whole_page(probes[i].name, query, v, count, out);
		return true;
	}
	return false;
}
