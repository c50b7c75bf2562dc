/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a Pod's lifecycle.stopSignal and an image's STOPSIGNAL use for signals. Pure; any thread. */
#ifndef OS_STOPSIGNAL_H
#define OS_STOPSIGNAL_H

/* SIGQUIT, QUIT, 3, SIGRTMIN+3, SIGRTMAX-1. 0: that is no signal; NULL and "" too. */
int stopsignal_parse(const char *s);

#endif
