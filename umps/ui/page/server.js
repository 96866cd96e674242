// SPDX-License-Identifier: GPL-2.0-or-later
// The other end: requests, questions, and the stream of what happens.

const message = document.getElementById('message');
let hide;

export function say(text) {
	message.textContent = text;
	message.hidden = false;
	clearTimeout(hide);
	hide = setTimeout(() => { message.hidden = true; }, 8000);
}

// Asks the machine to do something; true if it did.
export async function request(what, fields = {}) {
	try {
		const reply = await fetch('do', { method: 'POST', body: JSON.stringify({ do: what, ...fields }) });
		const answer = reply.ok ? await reply.json() : { error: await reply.text() };
		if (answer.error)
			say(answer.error);
		return !answer.error;
	} catch {
		say('umps ui does not answer any more.');
		return false;
	}
}

// NULL when there is no answer: the machine is off, or the address means nothing.
export async function ask(path, fields = {}) {
	try {
		const reply = await fetch(path + '?' + new URLSearchParams(fields));
		return reply.ok ? await reply.json() : null;
	} catch {
		return null;
	}
}

const pause = ms => new Promise(done => { setTimeout(done, ms); });

// The state is fetched when it has changed, and not before the last one is drawn: a slow browser shows fewer
// states of a running machine, never old ones.
function follower(onstate) {
	let changed = false, busy = false;
	return async () => {
		changed = true;
		if (busy)
			return;
		busy = true;
		while (changed) {
			changed = false;
			const state = await ask('state');
			if (state) {
				onstate(state);
				await pause(state.running ? 120 : 0);
			}
		}
		busy = false;
	};
}

export function listen(onstate, onoutput) {
	const events = new EventSource('events');
	let wasOpen = false;
	events.addEventListener('open', () => {
		if (wasOpen)
			location.reload(); // what was missed is told from the beginning
		wasOpen = true;
	});
	events.addEventListener('changed', follower(onstate));
	events.addEventListener('output', event => {
		const { device, text } = JSON.parse(event.data);
		onoutput(device, Uint8Array.from(text, c => c.charCodeAt(0)));
	});
	events.addEventListener('error', () => document.body.classList.add('lost'));
	events.addEventListener('open', () => document.body.classList.remove('lost'));
}
