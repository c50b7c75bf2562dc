/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image's USER ("1000", "1000:50", "www", "www:staff") and the Pod's runAsUser/runAsGroup become numbers
 * with the help of the image's own /etc/passwd and /etc/group, which are opened as if inside the root: an
 * image's symlink does not reach the host's files.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "runtime/oci_internal.h"

#define FILE_MAX (1u << 20)
#define FIELDS 7

static void read_in_root(const char *rootfs, const char *path, struct buf *out)
{
	autoclose int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	autoclose int fd = root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	char tmp[8192];
	ssize_t n;
	out->max = FILE_MAX;
	while (fd >= 0 && (n = read(fd, tmp, sizeof(tmp))) > 0 && !buf_overflowed(out))
		buf_add(out, tmp, (size_t)n);
}

static bool parse_id(const char *s, uint32_t *ret)
{
	if (!isdigit((unsigned char)*s))
		return false;
	char *end;
	errno = 0;
	unsigned long v = strtoul(s, &end, 10);
	if (*end || errno || v > UINT32_MAX - 1)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* Cuts the next line's fields apart in place; false at the end. */
static bool next_line(char **p, char *fields[FIELDS])
{
	if (!*p || !**p)
		return false;
	char *line = *p, *nl = strchr(line, '\n');
	*p = nl ? nl + 1 : line + strlen(line);
	if (nl)
		*nl = '\0';
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = line;
		char *colon = line + strcspn(line, ":");
		line = *colon ? colon + 1 : colon;
		*colon = '\0';
	}
	return true;
}

struct passwd_line {
	char name[256];
	uint32_t uid, gid;
	bool found;
};

/* By name, or by uid when name is NULL. */
static struct passwd_line find_passwd(const struct buf *passwd, const char *name, uint32_t uid)
{
	struct passwd_line r = {.found = false};
	autofree char *text = mem_strdup(buf_str(passwd));
	char *p = text, *f[FIELDS];
	while (!r.found && next_line(&p, f)) {
		uint32_t u, g;
		if (!parse_id(f[2], &u) || !parse_id(f[3], &g) || strlen(f[0]) >= sizeof(r.name))
			continue;
		if (name ? strcmp(f[0], name) : u != uid)
			continue;
		memcpy(r.name, f[0], strlen(f[0]) + 1);
		r.uid = u;
		r.gid = g;
		r.found = true;
	}
	return r;
}

static bool find_group(const struct buf *group, const char *name, uint32_t *ret)
{
	autofree char *text = mem_strdup(buf_str(group));
	char *p = text, *f[FIELDS];
	while (next_line(&p, f))
		if (!strcmp(f[0], name) && parse_id(f[2], ret))
			return true;
	return false;
}

static void add_group(struct runtime_user *u, uint32_t gid)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return;
	if (u->n_groups < RUNTIME_GROUPS_MAX)
		u->groups[u->n_groups++] = gid;
}

/* The groups that list the user as a member (supplementalGroupsPolicy: Merge). */
static void add_memberships(const struct buf *group, const char *name, struct runtime_user *u)
{
	autofree char *text = mem_strdup(buf_str(group));
	char *p = text, *f[FIELDS];
	while (next_line(&p, f)) {
		uint32_t gid;
		char *save = NULL;
		if (!parse_id(f[2], &gid))
			continue;
		for (char *m = strtok_r(f[3], ",", &save); m; m = strtok_r(NULL, ",", &save))
			if (!strcmp(m, name))
				add_group(u, gid);
	}
}

int oci_user_resolve(const char *rootfs, const char *image_user, const struct runtime_container_spec *spec,
		     struct runtime_user *ret, struct err *err)
{
	autobuf struct buf passwd = BUF_INIT, group = BUF_INIT;
	read_in_root(rootfs, "etc/passwd", &passwd);
	read_in_root(rootfs, "etc/group", &group);
	struct runtime_user u = {0};
	autofree char *user = mem_strdup(image_user), *group_name = NULL;
	char *colon = strchr(user, ':');
	if (colon) {
		*colon = '\0';
		group_name = mem_strdup(colon + 1);
	}
	struct passwd_line line;
	if (spec->run_as_user >= 0) {
		u.uid = (uint32_t)spec->run_as_user;
		line = find_passwd(&passwd, NULL, u.uid);
	} else if (!*user || parse_id(user, &u.uid)) {
		line = find_passwd(&passwd, NULL, u.uid);
	} else {
		line = find_passwd(&passwd, user, 0);
		if (!line.found)
			return err_set(err, REASON_INVALID,
				       "unable to find user %s: no matching entries in passwd file", user);
		u.uid = line.uid;
	}
	u.gid = line.found ? line.gid : 0;
	/* The image's group goes with the image's user. */
	if (spec->run_as_group >= 0)
		u.gid = (uint32_t)spec->run_as_group;
	else if (spec->run_as_user < 0 && group_name && *group_name && !parse_id(group_name, &u.gid) &&
		 !find_group(&group, group_name, &u.gid))
		return err_set(err, REASON_INVALID,
			       "unable to find group %s: no matching entries in group file", group_name);
	/* Explicitly: dropping a group must not be a way to gain what a file denies that group
	 * (CVE-2023-25173). */
	add_group(&u, u.gid);
	if (line.found && !spec->strict_groups)
		add_memberships(&group, line.name, &u);
	for (size_t i = 0; i < spec->n_groups; i++)
		add_group(&u, spec->groups[i]);
	*ret = u;
	return 0;
}
