/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver of network adapter 0. Frames are moved by the adapter, so they are in buffers of whole
 * words here. The sending buffer belongs to whoever has taken the adapter.
 */
#include "device.h"
#include "ethernet.h"
#include "format.h"

#define READ_CONFIGURATION 2
#define READ_FRAME	   3
#define WRITE_FRAME	   4
#define CONFIGURE	   5

/* Modes: the adapter fills in the sender's address; it interrupts when a frame arrives. */
#define MODE_NAMED     1
#define MODE_INTERRUPT 2

#define BUFFER_WORDS ((FRAME_SIZE + 3) / 4)

static unsigned int sending[BUFFER_WORDS], receiving[BUFFER_WORDS];

bool ethernet_present(void)
{
	return device_present(IL_ETHERNET, 0);
}

void ethernet_start(unsigned char mac[MAC_SIZE])
{
	volatile dtpreg_t *adapter = device_registers(IL_ETHERNET, 0);

	device_take(IL_ETHERNET, 0);
	device_run(IL_ETHERNET, 0, READ_CONFIGURATION);
	put16(mac, adapter->data0);
	put32(mac + 2, adapter->data1);
	adapter->data0 = (MODE_NAMED | MODE_INTERRUPT) << 16;
	device_run(IL_ETHERNET, 0, CONFIGURE);
	device_release(IL_ETHERNET, 0);
}

bool ethernet_send(const unsigned char *frame, int length)
{
	volatile dtpreg_t *adapter = device_registers(IL_ETHERNET, 0);
	int padded = length < FRAME_MIN ? FRAME_MIN : length;
	unsigned int status;

	device_take(IL_ETHERNET, 0);
	memcpy(sending, frame, length);
	memset((char *)sending + length, 0, padded - length);
	adapter->data0 = (unsigned int)sending;
	adapter->data1 = padded;
	status = device_run(IL_ETHERNET, 0, WRITE_FRAME);
	device_release(IL_ETHERNET, 0);
	return DEVICE_CODE(status) == DEVICE_READY;
}

int ethernet_receive(unsigned char frame[FRAME_SIZE])
{
	volatile dtpreg_t *adapter = device_registers(IL_ETHERNET, 0);
	int length = 0;

	do {
		semaphore_take(&device_frame_arrived);
		device_take(IL_ETHERNET, 0);
		adapter->data0 = (unsigned int)receiving;
		if (DEVICE_CODE(device_run(IL_ETHERNET, 0, READ_FRAME)) == DEVICE_READY)
			length = adapter->data1;
		device_release(IL_ETHERNET, 0);
	} while (length == 0);
	if (length > FRAME_SIZE)
		length = FRAME_SIZE;
	memcpy(frame, receiving, length);
	return length;
}
