/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client sends, in two pieces. */
#include <stdint.h>
#include "serve/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct websocket *ws = websocket_new();
	autobuf struct buf out = BUF_INIT;
	size_t first = size ? data[0] % size : 0;
	if (websocket_take(ws, (const char *)data, first))
		(void)websocket_take(ws, (const char *)data + first, size - first);
	websocket_close(ws);
	websocket_say(ws, &out);
	websocket_free(ws);
	return 0;
}
