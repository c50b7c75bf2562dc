/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp filter of a container: none (Unconfined, and every privileged container), a file of the node (Localhost, in
 * the OCI specification's own form, below ROOT/seccomp as the kubelet has it), or RuntimeDefault: the profile that
 * containerd, CRI-O and Docker share in all that matters. A system call that is not named fails with EPERM; what needs a
 * capability is allowed to those who have that capability; clone3, whose flags lie in memory where no filter sees them,
 * does not exist for those who may not make namespaces, so that C libraries fall back to clone.
 *
 * Names that the machine's architecture or libseccomp does not know are left out by the OCI runtime.
 */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define PROFILE_MAX (1u << 20)
#define NAMESPACE_FLAGS 0x7E020000 /* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
#define AF_VSOCK_VALUE 40

static const char allowed_always[] =
	"accept accept4 access adjtimex alarm arch_prctl bind brk cachestat capget capset chdir chmod chown chown32 "
	"clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
	"clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 "
	"epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit "
	"exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 "
	"fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat "
	"fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait "
	"futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid "
	"getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid "
	"getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname "
	"getsockopt gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 "
	"inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl "
	"ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 "
	"lgetxattr link linkat listen listmount listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat lstat64 "
	"madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 "
	"mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
	"mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap "
	"name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 "
	"pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease "
	"pselect6 pselect6_time64 ptrace process_vm_readv process_vm_writev pwrite64 pwritev pwritev2 read readahead "
	"readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr "
	"removexattrat rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask "
	"rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo "
	"sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
	"sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
	"sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 "
	"send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid "
	"setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid "
	"setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid "
	"setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask "
	"sigreturn socketcall socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync "
	"sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime "
	"timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
	"timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat "
	"utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev "
	/* of single architectures */
	"arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush modify_ldt riscv_flush_icache s390_pci_mmio_read "
	"s390_pci_mmio_write s390_runtime_instr set_tls swapcontext sync_file_range2";

/* What those may who have the capability. */
static const struct {
	const char *cap, *names;
} by_capability[] = {
	{"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
	{"CAP_SYS_ADMIN",
	 "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr "
	 "move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns "
	 "syslog umount umount2 unshare"},
	{"CAP_SYS_BOOT", "reboot"},
	{"CAP_SYS_CHROOT", "chroot"},
	{"CAP_SYS_MODULE", "delete_module finit_module init_module"},
	{"CAP_SYS_PACCT", "acct"},
	{"CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise"},
	{"CAP_SYS_RAWIO", "ioperm iopl"},
	{"CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"},
	{"CAP_SYS_TTY_CONFIG", "vhangup"},
	{"CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
	{"CAP_SYSLOG", "syslog"},
	{"CAP_BPF", "bpf"},
	{"CAP_PERFMON", "perf_event_open"},
};

/* personality(2): Linux, 32 bit Linux, each also with UNAME26, and the question what it is. */
static const int64_t personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

/* A kernel runs programs of its smaller siblings too: they get the same filter. */
static const struct {
	const char *machine, *archs;
} machines[] = {
	{"x86_64", "SCMP_ARCH_X86_64 SCMP_ARCH_X86 SCMP_ARCH_X32"},
	{"aarch64", "SCMP_ARCH_AARCH64 SCMP_ARCH_ARM"},
	{"ppc64le", "SCMP_ARCH_PPC64LE"},
	{"riscv64", "SCMP_ARCH_RISCV64"},
	{"s390x", "SCMP_ARCH_S390X SCMP_ARCH_S390"},
};

static js *words(const char *text)
{
	js *a = js_new_arr();
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, " ");
		js_push(a, js_new_strn(p, n));
		p += n + strspn(p + n, " ");
	}
	return a;
}

static js *rule(js *syscalls, const char *names, const char *action)
{
	js *r = js_new_obj();
	js_set(r, "names", words(names));
	js_set_str(r, "action", action);
	js_push(syscalls, r);
	return r;
}

static void condition(js *of, int64_t index, int64_t value, int64_t value_two, const char *op)
{
	js *a = js_new_obj();
	js_set_int(a, "index", index);
	js_set_int(a, "value", value);
	if (value_two)
		js_set_int(a, "valueTwo", value_two);
	js_set_str(a, "op", op);
	js_push(js_ensure_arr(of, "args"), a);
}

static bool has_cap(const js *process, const char *cap)
{
	js_array_for_each (c, js_arr(process, "capabilities", "effective", NULL))
		if (!strcmp(js_str0(c, NULL), cap))
			return true;
	return false;
}

static void write_default(js *seccomp, const js *process)
{
	struct utsname u;
	js_set_str(seccomp, "defaultAction", "SCMP_ACT_ERRNO");
	js_set_int(seccomp, "defaultErrnoRet", EPERM);
	uname(&u);
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (!strcmp(machines[i].machine, u.machine))
			js_set(seccomp, "architectures", words(machines[i].archs));
	js *list = js_ensure_arr(seccomp, "syscalls");
	(void)rule(list, allowed_always, "SCMP_ACT_ALLOW");
	for (size_t i = 0; i < ARRAY_LEN(personalities); i++)
		condition(rule(list, "personality", "SCMP_ACT_ALLOW"), 0, personalities[i], 0, "SCMP_CMP_EQ");
	/* A machine's hypervisor is no business of a container's. */
	condition(rule(list, "socket", "SCMP_ACT_ALLOW"), 0, AF_VSOCK_VALUE, 0, "SCMP_CMP_NE");
	for (size_t i = 0; i < ARRAY_LEN(by_capability); i++)
		if (has_cap(process, by_capability[i].cap))
			(void)rule(list, by_capability[i].names, "SCMP_ACT_ALLOW");
	if (has_cap(process, "CAP_SYS_ADMIN"))
		return;
	/* Threads and processes, but no namespaces; s390x has the flags second. */
	int64_t flags = strcmp(u.machine, "s390x") ? 0 : 1;
	condition(rule(list, "clone", "SCMP_ACT_ALLOW"), flags, NAMESPACE_FLAGS, 0, "SCMP_CMP_MASKED_EQ");
	js_set_int(rule(list, "clone3", "SCMP_ACT_ERRNO"), "errnoRet", ENOSYS);
}

static int write_file(js *linux_, const char *path, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	if (tree_read(path, PROFILE_MAX, &b, err) < 0)
		return err_wrap(err, "cannot load seccomp profile \"%s\"", path);
	js *doc = js_parse(buf_str(&b), b.len, NULL, err);
	if (!doc)
		return err_wrap(err, "cannot load seccomp profile \"%s\"", path);
	if (!js_str(doc, "defaultAction", NULL)) {
		js_autoput(&doc);
		return err_set(err, REASON_INVALID,
			       "cannot load seccomp profile \"%s\": it has no defaultAction", path);
	}
	js_set(linux_, "seccomp", doc);
	return 0;
}

int oci_seccomp_write(const struct runtime_container_spec *spec, const js *process, js *linux_,
		      struct err *err)
{
	if (spec->privileged || spec->seccomp == RUNTIME_SECCOMP_UNCONFINED)
		return 0;
	if (spec->seccomp == RUNTIME_SECCOMP_FILE)
		return write_file(linux_, spec->seccomp_file, err);
	write_default(js_ensure(linux_, "seccomp", NULL), process);
	return 0;
}
