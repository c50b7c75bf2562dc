/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a Pod's sandbox. It holds the Pod's namespaces open, and where the Pod shares its
 * process namespace it is process 1 there and collects orphans. It ends on SIGTERM or SIGINT and does nothing
 * else.
 *
 * Without a C library: a few hundred bytes of code, a single page of stack, nothing to load. Signals are
 * blocked and taken one by one, so there is no handler (and no signal trampoline to write).
 */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/wait.h>

#if defined(__x86_64__)
static long call4(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall pause_main\n\thlt\n");
#elif defined(__aarch64__)
static long call4(long n, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tbl pause_main\n\tbrk #0\n");
#else
#error "pause: no system call convention for this machine"
#endif

#define BIT(sig) (1UL << ((sig)-1))

void pause_main(void) __attribute__((noreturn));

void pause_main(void)
{
	/* Process 1 of a namespace is not sent what it neither handles nor blocks, so these must be blocked.
	 */
	unsigned long set = BIT(SIGTERM) | BIT(SIGINT) | BIT(SIGCHLD);
	call4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&set, 0, sizeof(set));
	for (;;) {
		long sig = call4(__NR_rt_sigtimedwait, (long)&set, 0, 0, sizeof(set));
		if (sig == SIGTERM || sig == SIGINT)
			break;
		if (sig == SIGCHLD)
			while (call4(__NR_wait4, -1, 0, WNOHANG, 0) > 0)
				;
	}
	for (;;)
		call4(__NR_exit_group, 0, 0, 0, 0);
}
