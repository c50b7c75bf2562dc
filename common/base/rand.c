/* SPDX-License-Identifier: Apache-2.0 */
/* One getrandom(2) fills a small per-thread stock, so a UUID or a jitter rarely costs a system call. Bytes
   handed out are wiped: a later leak of the stock does not give away tokens made earlier. */
#include "base/rand.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define STOCK 256

static __thread struct {
	unsigned char bytes[STOCK];
	size_t left;
	unsigned epoch; /* fork_epoch when it was filled */
} stock;

/* A child of fork must not repeat its parent's numbers. */
static unsigned fork_epoch;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void after_fork(void)
{
	fork_epoch++;
}

static void watch_fork(void)
{
	pthread_atfork(NULL, NULL, after_fork);
}

static void from_kernel(void *p, size_t n)
{
	unsigned char *to = p;

	while (n) {
		ssize_t got = getrandom(to, n, 0);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort(); /* no kernel this runs on lacks it */
		}
		to += got;
		n -= (size_t)got;
	}
}

void rand_bytes(void *p, size_t n)
{
	if (n > STOCK / 4) {
		from_kernel(p, n);
		return;
	}
	pthread_once(&fork_once, watch_fork);
	if (stock.left < n || stock.epoch != fork_epoch) {
		from_kernel(stock.bytes, STOCK);
		stock.left = STOCK;
		stock.epoch = fork_epoch;
	}
	stock.left -= n;
	memcpy(p, stock.bytes + stock.left, n);
	memset(stock.bytes + stock.left, 0, n);
}

uint64_t rand_u64(void)
{
	uint64_t v;

	rand_bytes(&v, sizeof(v));
	return v;
}

uint64_t rand_below(uint64_t n)
{
	assert(n > 0);
	/* Values under 2^64 mod n would make the small results likelier. */
	uint64_t unfair = (0 - n) % n, v;

	do
		v = rand_u64();
	while (v < unfair);
	return v % n;
}

double rand_double(void)
{
	return (double)(rand_u64() >> 11) * 0x1p-53;
}

int64_t rand_jitter(int64_t base, double max_factor)
{
	if (max_factor <= 0)
		max_factor = 1;
	double v = (double)base + rand_double() * max_factor * (double)base;

	return v >= 0x1p63 ? INT64_MAX : (int64_t)v;
}

void rand_suffix(char *out, size_t n)
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";

	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[rand_below(sizeof(alphabet) - 1)];
	out[n] = '\0';
}

void rand_uuid(char out[37])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char b[16];

	rand_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex[b[i] >> 4];
		*out++ = hex[b[i] & 15];
	}
	*out = '\0';
}
