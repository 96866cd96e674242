/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Five philosophers think and eat; each needs the two forks at his sides. Processes share nothing
 * but semaphores here: without an argument the program makes them and starts five copies of itself,
 * whose argument is who they are and where the semaphores begin. The last takes his forks in the
 * other order, so that they never all wait for each other.
 */
#include "program.h"

#define PHILOSOPHERS 5
#define MEALS	     3

static void dine(int seat, int first_fork)
{
	int left = first_fork + seat, right = first_fork + (seat + 1) % PHILOSOPHERS, meal;
	bool last = seat == PHILOSOPHERS - 1;

	for (meal = 1; meal <= MEALS; meal++) {
		semaphore_p(last ? right : left);
		semaphore_p(last ? left : right);
		print("philosopher %d eats (%d of %d)\n", seat, meal, MEALS);
		semaphore_v(left);
		semaphore_v(right);
		sleep_milliseconds(10 * seat);
	}
}

static int forks(void)
{
	int first = semaphore_new(1), i;

	for (i = 1; i < PHILOSOPHERS; i++)
		semaphore_new(1);
	return first;
}

int main(void)
{
	char text[ARGUMENT_SIZE];
	const char *rest = text;
	int seat, first, process[PHILOSOPHERS];

	if (argument(text, sizeof(text))) {
		seat = parse_number(&rest);
		dine(seat, parse_number(&rest));
		return 0;
	}
	first = forks();
	for (seat = 0; seat < PHILOSOPHERS; seat++) {
		format(text, sizeof(text), "%d %d", seat, first);
		process[seat] = spawn("philosophers", text);
	}
	for (seat = 0; seat < PHILOSOPHERS; seat++)
		wait_for(process[seat]);
	print("all philosophers have eaten\n");
	return 0;
}
