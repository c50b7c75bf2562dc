/* SPDX-License-Identifier: Apache-2.0 */
#include "os/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rand.h"
#include "object/json.h"
#include "os/process.h"
#include "os/tree.h"

#define FILE_NAME "userns"
#define FILE_MAX 4096
#define IDS_ALL (UINT64_C(1) << 32)

/* ---- the kernel's side ---- */

static int write_map(pid_t pid, const char *file, const struct userns_map *m, struct err *err)
{
	autofree char *path = mem_printf("/proc/%d/%s", (int)pid, file);
	autofree char *text = mem_printf("0 %u %u", m->first, m->length);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_errno(err, "write %s to %s", text, path);
	return 0;
}

int userns_write_maps(pid_t pid, const struct userns_map *m, struct err *err)
{
	return write_map(pid, "uid_map", m, err) < 0 ? -1 : write_map(pid, "gid_map", m, err);
}

static int map_ids(int fd, int userns_fd)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd};
	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

/* A mount of it that is nowhere yet; -1. */
static int clone_tree(const char *from, unsigned flags)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static int make_target(int fd, const char *to)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return mkdir(to, 0700);
	autoclose int made = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return made < 0 ? -1 : 0;
}

static int cannot_map(const char *from, struct err *err)
{
	return err_set(err, REASON_INVALID,
		       "failed to set MOUNT_ATTR_IDMAP on %s: %s (maybe the filesystem used doesn't support "
		       "idmap mounts on this kernel?)",
		       from, strerror(errno));
}

int userns_mount(int userns_fd, const char *from, const char *to, struct err *err)
{
	autoclose int fd = clone_tree(from, AT_RECURSIVE);
	if (fd < 0)
		return err_errno(err, "open the mount of %s", from);
	if (map_ids(fd, userns_fd) < 0)
		return cannot_map(from, err);
	if (make_target(fd, to) < 0)
		return err_errno(err, "create %s", to);
	if (syscall(SYS_move_mount, fd, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, "mount %s", to);
	return 0;
}

/* Only system calls: the process had threads. */
static void __attribute__((noreturn)) be_in_a_namespace(int end, int tell)
{
	char c;
	(void)syscall(SYS_close, tell);
	while (syscall(SYS_read, end, &c, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* Descriptor of a namespace with some map, which nobody is in. Not by fork and unshare: a process may not leave its namespace
   while it has another thread, and what looks for races begins one in each child. */
static int make_namespace(struct err *err)
{
	autoclose int end = -1, tell = -1;
	int fds[2], fd = -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	end = fds[0];
	tell = fds[1];
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		be_in_a_namespace(end, tell);
	if (pid < 0)
		return err_errno(err, "the kernel makes no user namespace");
	const struct userns_map any = {USERNS_UNIT, USERNS_UNIT};
	if (userns_write_maps(pid, &any, err) == 0) {
		autofree char *path = mem_printf("/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			err_errno(err, "%s", path);
	}
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return fd;
}

/* A container's root finds its files by their path, and is nobody on the host. */
static int check_path(const char *dir, struct err *err)
{
	autofree char *path = mem_strdup(dir);
	for (char *slash = path + strlen(path); slash; slash = strrchr(path, '/')) {
		struct stat st;
		*slash = '\0';
		if (*path && stat(path, &st) < 0)
			return err_errno(err, "%s", path);
		if (*path && !(st.st_mode & S_IXOTH))
			return err_set(err, REASON_INVALID, "others may not pass through %s", path);
	}
	return 0;
}

int userns_try(const char *dir, struct err *err)
{
	if (check_path(dir, err) < 0)
		return -1;
	autoclose int ns = make_namespace(err);
	autoclose int fd = ns < 0 ? -1 : clone_tree(dir, 0);
	if (ns < 0)
		return -1;
	if (fd < 0)
		return err_errno(err, "open the mount of %s", dir);
	return map_ids(fd, ns) < 0 ? cannot_map(dir, err) : 0;
}

/* ---- what there is to give ---- */

static int ask(const char *program, const char *option, const char *name, struct buf *out, struct err *err)
{
	const char *argv[] = {program, option ? option : name, option ? name : NULL, NULL};
	const struct process_spec s = {.argv = argv, .out = out};
	int status;
	if (process_run(&s, &status, err) < 0)
		return -1;
	return status ? err_set(err, REASON_INTERNAL,
				"error retrieving additional %s for user \"%s\": exit status %d",
				option ? "gids" : "uids", name, status)
		      : 0;
}

/* "0: kubelet 65536 2147483648" */
static int parse_line(const char *text, struct userns_map *ret, struct err *err)
{
	char name[256], rest;
	unsigned long long first, length;
	int place;
	const char *nl = strchr(text, '\n');
	if (nl && nl[1])
		return err_set(err, REASON_INVALID,
			       "error parsing line \"%.200s\": it must contain only one line", text);
	if (sscanf(text, "%d: %255s %10llu %10llu %c", &place, name, &first, &length, &rest) != 4 ||
	    first > UINT32_MAX || length > UINT32_MAX)
		return err_set(err, REASON_INVALID, "invalid line \"%.*s\"", (int)strcspn(text, "\n"), text);
	*ret = (struct userns_map){(uint32_t)first, (uint32_t)length};
	return 0;
}

int userns_own(const char *name, const char *getsubids, struct userns_map *ret, struct err *err)
{
	autobuf struct buf uids = BUF_INIT_MAX(FILE_MAX), gids = BUF_INIT_MAX(FILE_MAX);
	char space[4096];
	struct passwd pw, *found = NULL;
	struct err why = ERR_INIT;
	*ret = (struct userns_map){USERNS_UNIT, (uint32_t)(IDS_ALL - USERNS_UNIT)};
	if (getpwnam_r(name, &pw, space, sizeof(space), &found) != 0 || !found)
		return 0;
	if (!getsubids)
		getsubids = "getsubids";
	if (ask(getsubids, NULL, name, &uids, &why) < 0 || ask(getsubids, "-g", name, &gids, &why) < 0) {
		if (why.reason == REASON_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	if (strcmp(buf_str(&uids), buf_str(&gids)) != 0)
		return err_set(err, REASON_INVALID, "mismatched subuids and subgids for user \"%s\"", name);
	return parse_line(buf_str(&uids), ret, err);
}

int userns_ranges_init(struct userns_ranges *r, const char *dir, const struct userns_map *all, int64_t each,
		       int max_pods, struct err *err)
{
	if (each <= 0 || each % USERNS_UNIT || each >= (int64_t)IDS_ALL)
		return err_set(err, REASON_INVALID,
			       "kubelet user namespace length %lld is not a multiple of %d", (long long)each,
			       USERNS_UNIT);
	uint32_t n = (uint32_t)each;
	if (all->first % n)
		return err_set(err, REASON_INVALID, "kubelet user assigned ID %u is not a multiple of %u",
			       all->first, n);
	if (all->first < n) /* the host's own users are nobody's to give */
		return err_set(err, REASON_INVALID,
			       "kubelet user assigned ID %u must be greater or equal to %u", all->first, n);
	if (all->length % n)
		return err_set(err, REASON_INVALID,
			       "kubelet user assigned IDs length %u is not a multiple of %u", all->length, n);
	if ((uint64_t)all->first + all->length > IDS_ALL)
		return err_set(err, REASON_INVALID,
			       "kubelet user assigned IDs %u of length %u end beyond 32 bits", all->first,
			       all->length);
	if (all->length / n < (uint32_t)max_pods)
		return err_set(err, REASON_INVALID,
			       "kubelet user assigned IDs are not enough to support %d pods", max_pods);
	*r = (struct userns_ranges){
		.dir = mem_strdup(dir), .first = all->first, .length = all->length, .each = n};
	pthread_mutex_init(&r->lock, NULL);
	return 0;
}

int userns_ranges_open(struct userns_ranges *r, const char *root, int64_t each, int max_pods, struct err *err)
{
	struct userns_map all;
	autofree char *pods = mem_printf("%s/pods", root);
	return userns_own("kubelet", NULL, &all, err) < 0
		       ? err_wrap(err, "kubelet mappings")
		       : userns_ranges_init(r, pods, &all, each, max_pods, err);
}

void userns_ranges_release(struct userns_ranges *r)
{
	if (!r->dir)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r->dir);
	*r = (struct userns_ranges){0};
}

/* ---- who has what ---- */

static bool read_mapping(const js *list, struct userns_map *ret)
{
	const js *m = js_at(list, 0);
	int64_t first = js_int(m, -1, "hostId", NULL), length = js_int(m, -1, "length", NULL);
	*ret = (struct userns_map){(uint32_t)first, (uint32_t)length};
	return js_len(list) == 1 && js_int(m, -1, "containerId", NULL) == 0 && first > 0 &&
	       first <= UINT32_MAX && length > 0 && first + length <= (int64_t)IDS_ALL;
}

int userns_parse(const char *text, size_t n, struct userns_map *ret, struct err *err)
{
	struct userns_map groups;
	autojson js *o = js_parse(text, n, NULL, err);
	if (!o)
		return err_wrap(err, "invalid user namespace mappings file");
	if (!read_mapping(js_arr(o, "uidMappings", NULL), ret) ||
	    !read_mapping(js_arr(o, "gidMappings", NULL), &groups))
		return err_set(err, REASON_INVALID,
			       "invalid user namespace configuration: one mapping of ID 0 is allowed");
	if (ret->first != groups.first || ret->length != groups.length)
		return err_set(
			err, REASON_INVALID,
			"invalid user namespace configuration: GID and UID mapping should be identical");
	return 0;
}

static char *file_of(const struct userns_ranges *r, const char *pod)
{
	return mem_printf("%s/%s/" FILE_NAME, r->dir, pod);
}

/* REASON_NOT_FOUND: it has none. */
static int read_file(const struct userns_ranges *r, const char *pod, struct userns_map *ret, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	autofree char *path = file_of(r, pod);
	if (tree_read(path, FILE_MAX, &b, err) < 0 || userns_parse(buf_str(&b), b.len, ret, err) < 0)
		return -1;
	if (ret->length != r->each)
		return err_set(err, REASON_INVALID, "wrong user namespace length %u", ret->length);
	if (ret->first % r->each)
		return err_set(err, REASON_INVALID, "wrong user namespace offset specified %u", ret->first);
	if (ret->first < r->first || ret->first - r->first >= r->length)
		return err_set(err, REASON_INVALID, "id %u is out of range", ret->first);
	return 0;
}

struct ranges_look {
	const struct userns_ranges *r;
	uint8_t *used; /* a byte for each range */
	struct err err;
};

static bool see(void *arg, const char *pod)
{
	struct ranges_look *l = arg;
	struct userns_map m;
	struct err err = ERR_INIT;
	if (read_file(l->r, pod, &m, &err) == 0)
		l->used[(m.first - l->r->first) / l->r->each] = 1;
	else if (err.reason != REASON_NOT_FOUND) /* nobody knows whose ids those are */
		l->err = err;
	return l->err.reason == REASON_NONE;
}

/* Some free one: who comes next is not who was last, whose files may still be about. */
static int choose(const struct userns_ranges *r, struct userns_map *ret, struct err *err)
{
	uint32_t n = r->length / r->each, start = (uint32_t)rand_below(n);
	autofree uint8_t *used = mem_zalloc(n);
	struct ranges_look l = {.r = r, .used = used, .err = ERR_INIT};
	if (tree_names(r->dir, see, &l, err) < 0)
		return -1;
	if (l.err.reason != REASON_NONE) {
		*err = l.err;
		return -1;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (start + i) % n;
		if (used[at])
			continue;
		*ret = (struct userns_map){r->first + at * r->each, r->each};
		return 0;
	}
	return err_set(err, REASON_INVALID, "could not find an empty slot to allocate a user namespace");
}

static int write_file(const struct userns_ranges *r, const char *pod, const struct userns_map *m,
		      struct err *err)
{
	static const char *const lists[] = {"uidMappings", "gidMappings"};
	autojson js *o = js_new_obj();
	autobuf struct buf b = BUF_INIT;
	autofree char *path = file_of(r, pod);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		js *one = js_new_obj();
		js_set_int(one, "hostId", m->first);
		js_set_int(one, "containerId", 0);
		js_set_int(one, "length", m->length);
		js_push(js_ensure_arr(o, lists[i]), one);
	}
	js_write(&b, o);
	return tree_write(path, b.p, b.len, 0600, TREE_DURABLE, err);
}

int userns_ranges_take(struct userns_ranges *r, const char *pod, struct userns_map *ret, struct err *err)
{
	struct err why = ERR_INIT;
	pthread_mutex_lock(&r->lock);
	int rc = read_file(r, pod, ret, &why);
	if (rc < 0 && why.reason != REASON_NOT_FOUND) {
		*err = why;
		(void)err_wrap(err, "user namespace");
	} else if (rc < 0) {
		rc = choose(r, ret, err) < 0 || write_file(r, pod, ret, err) < 0
			     ? err_wrap(err, "create user namespace")
			     : 0;
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}
