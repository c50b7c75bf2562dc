/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often images may be pulled: a bucket of `burst` tokens into which `qps` fall every second. Nobody waits for one: a pull
 * that finds none has failed, and is tried again after its back-off (pkg/kubelet/images/helpers.go). Any thread.
 */
#ifndef IMAGE_PULLRATE_H
#define IMAGE_PULLRATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct pullrate {
	int qps, burst; /* qps 0: as often as one likes */
	pthread_mutex_t lock;
	double tokens;
	int64_t since_ns;
};
void pullrate_init(struct pullrate *r, int qps, int burst); /* full */
void pullrate_release(struct pullrate *r);		    /* for tests */
bool pullrate_take(struct pullrate *r);			    /* r NULL: true */

#endif
