/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client sends, in each form, in two pieces, to a user who answers all of it. The first byte chooses. */
#include <stdint.h>
#include "stream/mux.h"

static struct mux *mux;

static bool opened(void *arg, uint32_t stream, const struct spdy_headers *h)
{
	return spdy_header(h, "streamtype") != NULL;
}

static void said(void *arg, uint32_t stream, const char *p, size_t n)
{
	mux_send(mux, stream, p, n);
}

static void ended(void *arg, uint32_t stream)
{
	mux_end(mux, stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mux_user user = {.opened = opened, .data = said, .ended = ended};
	if (!size)
		return 0;
	mux = mux_new((enum mux_form)(data[0] & 3), &user, NULL);
	if (data[0] & 4)
		mux_closes_channels(mux);
	const char *p = (const char *)data + 1;
	size_t n = size - 1, cut = n ? (data[0] >> 3) % n : 0;
	if (mux_take(mux, p, cut) && mux_take(mux, p + cut, n - cut))
		mux_close(mux);
	mux_free(mux);
	return 0;
}
