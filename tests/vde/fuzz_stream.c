// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer (libFuzzer): frames on a stream. The first byte says how large the pieces are in which the
 * rest arrives; the frames must be the same as when all of it arrives at once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/cmd/stream.h"

struct result {
	size_t frames, bytes;
	uint64_t sum;
	int broken;
};

static void feed(const uint8_t *data, size_t size, size_t piece, struct result *result)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	const uint8_t *frame;
	size_t room;

	memset(result, 0, sizeof(*result));
	while (size && !result->broken) {
		uint8_t *to = stream_room(stream, &room);
		size_t part = size < piece ? size : piece;
		ssize_t n;

		if (!room)
			abort();
		part = part < room ? part : room;
		memcpy(to, data, part);
		stream_added(stream, part);
		data += part;
		size -= part;
		while ((n = stream_next(stream, &frame)) > 0) {
			result->frames++;
			result->bytes += n;
			for (ssize_t i = 0; i < n; i++)
				result->sum = result->sum * 31 + frame[i];
		}
		result->broken = n < 0;
	}
	free(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result pieces, whole;

	if (size < 2)
		return 0;
	feed(data + 1, size - 1, 1 + data[0], &pieces);
	feed(data + 1, size - 1, size, &whole);
	if (memcmp(&pieces, &whole, sizeof(whole)))
		abort();
	return 0;
}
