/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a Pod's lifecycle.stopSignal and an image's STOPSIGNAL use for signals. Pure; any thread. */
#ifndef OS_STOPSIGNAL_H
#define OS_STOPSIGNAL_H

#include <stdbool.h>

/* SIGQUIT, QUIT, 3, SIGRTMIN+3, SIGRTMAX-1. 0: that is no signal; NULL and "" too. */
int stopsignal_parse(const char *s);

#define STOPSIGNAL_NAME_MAX 16
/* As the API spells it: SIGQUIT, SIGRTMIN+15, SIGRTMAX-14. False: it has no name. */
bool stopsignal_name(int sig, char ret[STOPSIGNAL_NAME_MAX]);

#endif
