/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define DEVICES_MAX 1024

/* In the kernel's order (linux/capability.h); `dflt`: what containerd and CRI-O give. */
static const struct cap {
	const char *name;
	bool dflt;
} caps[] = {
	{"CHOWN", true},
	{"DAC_OVERRIDE", true},
	{"DAC_READ_SEARCH", false},
	{"FOWNER", true},
	{"FSETID", true},
	{"KILL", true},
	{"SETGID", true},
	{"SETUID", true},
	{"SETPCAP", true},
	{"LINUX_IMMUTABLE", false},
	{"NET_BIND_SERVICE", true},
	{"NET_BROADCAST", false},
	{"NET_ADMIN", false},
	{"NET_RAW", true},
	{"IPC_LOCK", false},
	{"IPC_OWNER", false},
	{"SYS_MODULE", false},
	{"SYS_RAWIO", false},
	{"SYS_CHROOT", true},
	{"SYS_PTRACE", false},
	{"SYS_PACCT", false},
	{"SYS_ADMIN", false},
	{"SYS_BOOT", false},
	{"SYS_NICE", false},
	{"SYS_RESOURCE", false},
	{"SYS_TIME", false},
	{"SYS_TTY_CONFIG", false},
	{"MKNOD", true},
	{"LEASE", false},
	{"AUDIT_WRITE", true},
	{"AUDIT_CONTROL", false},
	{"SETFCAP", true},
	{"MAC_OVERRIDE", false},
	{"MAC_ADMIN", false},
	{"SYSLOG", false},
	{"WAKE_ALARM", false},
	{"BLOCK_SUSPEND", false},
	{"AUDIT_READ", false},
	{"PERFMON", false},
	{"BPF", false},
	{"CHECKPOINT_RESTORE", false},
};

static size_t last_cap(void)
{
	autobuf struct buf b = BUF_INIT;
	struct err ignored = ERR_INIT;
	if (tree_read("/proc/sys/kernel/cap_last_cap", 64, &b, &ignored) < 0)
		return ARRAY_LEN(caps) - 1;
	size_t n = (size_t)strtoul(buf_str(&b), NULL, 10);
	return n < ARRAY_LEN(caps) ? n : ARRAY_LEN(caps) - 1;
}

/* A container cannot be given what the agent does not have. */
uint64_t oci_caps_own(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};
	uint64_t bounding = 0;
	if (syscall(SYS_capget, &h, d) < 0)
		return ~UINT64_C(0);
	for (int c = 0; c < 64 && prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		if (prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1)
			bounding |= UINT64_C(1) << c;
	bounding &= d[0].permitted | (uint64_t)d[1].permitted << 32;
	for (size_t c = 0; c <= last_cap(); c++)
		if (!(bounding >> c & 1)) {
			log_info("the agent lacks capabilities: privileged containers get what there is",
				 "first=CAP_%s", caps[c].name);
			break;
		}
	return bounding;
}

/* Applies one list; ALL is all that can be given, a single name is what it says: the OCI runtime tells why not. "ALL" and the CAP_ prefix as in the API. */
static int change(const char *const *list, bool value, uint64_t own, bool set[], struct err *err)
{
	for (size_t i = 0; list && list[i]; i++) {
		const char *name = list[i];
		bool found = false, all = !strcasecmp(name, "ALL");
		if (!strncasecmp(name, "CAP_", 4))
			name += 4;
		for (size_t c = 0; c < ARRAY_LEN(caps); c++)
			if (all || !strcasecmp(name, caps[c].name)) {
				set[c] = value && (!all || own >> c & 1);
				found = true;
			}
		if (!found)
			return err_set(err, REASON_INVALID, "unknown capability \"%.100s\"", list[i]);
	}
	return 0;
}

static bool has_all(const char *const *list)
{
	for (size_t i = 0; list && list[i]; i++)
		if (!strcasecmp(list[i], "ALL"))
			return true;
	return false;
}

int oci_caps_write(const struct runtime_container_spec *spec, uint64_t own, js *process, struct err *err)
{
	bool set[ARRAY_LEN(caps)];
	for (size_t c = 0; c < ARRAY_LEN(caps); c++)
		set[c] = (spec->privileged || caps[c].dflt) && own >> c & 1;
	/* ALL comes before single names, whichever list it is in: drop ALL + add X leaves X, add ALL + drop X
	 * all but X. */
	if (!spec->privileged) {
		bool all_dropped = has_all(spec->cap_drop);
		if ((all_dropped && change(spec->cap_drop, false, own, set, err) < 0) ||
		    change(spec->cap_add, true, own, set, err) < 0 ||
		    (!all_dropped && change(spec->cap_drop, false, own, set, err) < 0))
			return -1;
	}
	static const char *const kinds[] = {"bounding", "effective", "permitted"};
	size_t last = last_cap();
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		js *arr = js_ensure_arr(js_ensure(process, "capabilities", NULL), kinds[k]);
		for (size_t c = 0; c <= last; c++)
			if (set[c]) {
				autofree char *name = mem_printf("CAP_%s", caps[c].name);
				js_push(arr, js_new_str(name));
			}
	}
	return 0;
}

/* ---- devices ---- */

struct device_list {
	js *devices, *rules;
	size_t n;
};

static void add_rule(js *rules, bool allow, const char *type, int64_t major, int64_t minor,
		     const char *access_)
{
	js *r = js_new_obj();
	js_set_bool(r, "allow", allow);
	if (type) {
		js_set_str(r, "type", type);
		js_set_int(r, "major", major);
		js_set_int(r, "minor", minor);
	}
	js_set_str(r, "access", access_);
	js_push(rules, r);
}

static bool add_device(struct device_list *l, const char *host, const char *container)
{
	struct stat st;
	if (stat(host, &st) < 0 || (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)))
		return false;
	js *d = js_new_obj();
	js_set_str(d, "path", container);
	js_set_str(d, "type", S_ISCHR(st.st_mode) ? "c" : "b");
	js_set_int(d, "major", major(st.st_rdev));
	js_set_int(d, "minor", minor(st.st_rdev));
	js_set_int(d, "fileMode", st.st_mode & 07777);
	js_set_int(d, "uid", st.st_uid);
	js_set_int(d, "gid", st.st_gid);
	js_push(l->devices, d);
	l->n++;
	return true;
}

/* Directories that every container has of its own, and what is no device for others. */
static bool skipped(const char *name)
{
	static const char *const names[] = {".",    "..",	   "pts",   "shm",     "fd",	 "mqueue",
					    ".lxc", ".lxd-mounts", ".udev", "console", "ptmx",	 "tty",
					    "null", "zero",	   "full",  "random",  "urandom"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void add_host_devices(struct device_list *l, const char *dir, int depth)
{
	DIR *d = depth > 8 ? NULL : opendir(dir);
	const struct dirent *e;
	while (d && (e = readdir(d)) && l->n < DEVICES_MAX) {
		if (skipped(e->d_name))
			continue;
		autofree char *path = mem_printf("%s/%s", dir, e->d_name);
		if (e->d_type == DT_DIR)
			add_host_devices(l, path, depth + 1);
		else if (e->d_type == DT_CHR || e->d_type == DT_BLK)
			(void)add_device(l, path, path);
	}
	if (d)
		closedir(d);
}

int oci_devices_write(const struct runtime_container_spec *spec, js *linux_, struct err *err)
{
	struct device_list l = {.devices = js_ensure_arr(linux_, "devices")};
	l.rules = js_ensure_arr(js_ensure(linux_, "resources", NULL), "devices");
	if (spec->privileged) {
		add_rule(l.rules, true, NULL, 0, 0, "rwm");
		add_host_devices(&l, "/dev", 0);
		return 0;
	}
	add_rule(l.rules, false, NULL, 0, 0, "rwm");
	for (size_t i = 0; i < spec->n_devices; i++) {
		const struct runtime_device *d = &spec->devices[i];
		struct stat st;
		if (stat(d->host, &st) < 0)
			return err_errno(err, "device %s", d->host);
		if (!add_device(&l, d->host, d->container))
			return err_set(err, REASON_INVALID, "%s is not a device", d->host);
		add_rule(l.rules, true, S_ISCHR(st.st_mode) ? "c" : "b", major(st.st_rdev), minor(st.st_rdev),
			 d->permissions && *d->permissions ? d->permissions : "rwm");
	}
	return 0;
}
