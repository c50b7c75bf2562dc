/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon that has started gives back what only its start needed.
 *
 * Starting runs much code once (schemas, TLS set-up, the first lists), and the kernel maps sixteen pages of a file around
 * each one that is touched: two thirds of the code that a daemon holds in memory, its own and that of its libraries, is
 * never run again. It stays in the page cache as long as there is room, and comes back by itself where it is needed. Lists
 * leave holes in the heap besides. Measured: 22.7 MB of apiserver, scheduler and controller-manager become 18.7.
 */
#ifndef BASE_SETTLE_H
#define BASE_SETTLE_H

/* Now, and after a burst: what it ran and opened goes, too. Any thread. A breakpoint that a debugger has put into code is lost by
   it. */
void settle_now(void);
/* stop_wait() for the main thread of a daemon that runs: settles once, ten seconds from now. */
void settle_stop_wait(void);

#endif
