// SPDX-License-Identifier: GPL-2.0-or-later
// The page: run control, keys, and passing each new state to the panels.

import { el, grouped } from './dom.js';
import { listen, request } from './server.js';
import { remember, restore } from './layout.js';
import { showProcessor } from './processor.js';
import { showCode, followPc } from './code.js';
import { showDevices } from './devices.js';
import { showExplore, chooseTab } from './explore.js';
import { showTerminals, showOutput, focusTerminal, nextTerminal } from './terminals.js';

const speeds = ['10 ticks/s', '1000 ticks/s', '50 000 ticks/s', 'Clock rate', 'Full'];
const controls = document.getElementById('controls');
const status = document.getElementById('status');
const speed = document.getElementById('speed');
const keys = document.getElementById('keys');
const bare = text => text.replace(/^\W+/, '');
let state = null;
let cpu = 0;

// Names of keys as in KeyboardEvent.key; the first ones are those of the old front end.
const actions = [
	{ id: 'power', text: 'Power', keys: ['F5', 'p'], run: () => request('power', { on: !state.on }) },
	{ id: 'reset', text: 'Reset', keys: ['F6', 'r'], run: () => request('power', { on: true }) },
	{ id: 'reverse', text: '◀◀ Reverse', keys: ['Shift+F9', 'C'], enabled: s => s.recorded, run: () => request('back', { far: true }),
		hint: 'Back to the last stop point' },
	{ id: 'back', text: '◀ Back', keys: ['Shift+F10', 'b'], enabled: s => s.recorded, run: () => request('back'), hint: 'One tick back' },
	{ id: 'stop', text: '■ Stop', keys: ['F12', 'x'], enabled: s => s.running, run: () => request('stop') },
	{ id: 'step', text: '▸ Step', keys: ['F10', 's'], enabled: s => !s.running, run: () => request('step'), hint: 'One tick' },
	{ id: 'continue', text: '▶ Continue', keys: ['F9', 'c'], enabled: s => !s.running, run: () => request('continue') },
];
const more = [
	{ text: 'Faster', keys: ['Ctrl++', 'Ctrl+=', '+'], run: () => setSpeed(state.speed + 1) },
	{ text: 'Slower', keys: ['Ctrl+-', '-'], run: () => setSpeed(state.speed - 1) },
	{ text: 'Type on the terminal (Escape leaves it)', keys: ['t'], run: focusTerminal },
	{ text: 'Next terminal or printer', keys: ['T'], run: nextTerminal },
	{ text: 'Show code at an address or symbol', keys: ['g', '/'], run: () => document.querySelector('#code .goto').focus() },
	{ text: 'Back to the program counter', keys: ['.'], run: () => { followPc(); show(); } },
	{ text: 'Next processor', keys: ['n'], run: () => chooseCpu((cpu + 1) % state.cpus.length) },
	{ text: 'Stop points, traced regions, symbols, memory', keys: ['1', '2', '3', '4'], run: key => chooseTab(Number(key) - 1) },
	{ text: 'These keys', keys: ['?', 'F1'], run: () => keys.showModal() },
];

function setSpeed(level) {
	if (level < 0 || level >= speeds.length)
		return;
	state.speed = level; // two key presses may come before the answer
	request('speed', { speed: level });
}

function chooseCpu(number) {
	cpu = number;
	remember('cpu', cpu);
	show();
}

function show() {
	if (!state?.on)
		return;
	cpu = Math.min(cpu, state.cpus.length - 1);
	showProcessor(state, cpu);
	showCode(state, cpu, chooseCpu);
	showDevices(state);
	showTerminals(state);
}

function showHeader() {
	status.textContent = state.running && state.idle ? (state.starved ? 'Waiting for input' : 'Running, idle') : state.status;
	status.className = !state.on ? 'off' : state.running ? 'running' : /panic|never/.test(state.status) ? 'bad' : 'stopped';
	document.body.classList.toggle('off', !state.on);
	document.getElementById('clock').textContent = state.on ? `${grouped(state.tick)} ticks` : '';
	const path = document.getElementById('path');
	path.textContent = (state.path ?? '').split('/').pop();
	path.title = state.path ?? '';
	document.title = `${(state.path ?? '').split('/').pop()} — uMPS`;
	speed.value = String(state.speed);
	const power = document.getElementById('do-power');
	power.setAttribute('aria-pressed', String(state.on));
	power.title = `${state.on ? 'On; switch off' : 'Off; switch on'} (F5, p)`;
	for (const action of actions)
		document.getElementById('do-' + action.id).disabled = action.id !== 'power' &&
			(!state.on && action.id !== 'reset' || Boolean(action.enabled && !action.enabled(state)));
}

controls.append(...actions.map(action => el('button', {
	id: 'do-' + action.id, onclick: () => action.run(), title: `${action.hint ?? bare(action.text)} (${action.keys.join(', ')})`,
}, action.text, el('kbd', {}, action.keys[0].replace('Shift+', '⇧')))));
speed.append(...speeds.map((name, i) => el('option', { value: String(i) }, name)));
speed.addEventListener('change', () => setSpeed(Number(speed.value)));
keys.append(el('h2', {}, 'Keys'), el('table', {}, [...actions, ...more].map(a => el('tr', {},
	el('td', {}, a.keys.map(k => el('kbd', {}, k))), el('td', {}, a.hint ?? bare(a.text))))),
	el('form', { method: 'dialog' }, el('button', {}, 'Close')));
document.getElementById('help').addEventListener('click', () => keys.showModal());
document.getElementById('code').addEventListener('look', show);
addEventListener('resize', show);
addEventListener('restore', event => {
	if (Number.isInteger(event.detail.cpu) && event.detail.cpu >= 0)
		cpu = event.detail.cpu;
});

const typing = target => /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== 'checkbox';

document.addEventListener('keydown', event => {
	if (event.key === 'Escape' && document.activeElement)
		document.activeElement.blur();
	const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
	if (plain && event.key.length === 1 && typing(event.target) || keys.open || !state)
		return;
	const name = (event.ctrlKey ? 'Ctrl+' : '') + (event.shiftKey && event.key.length > 1 ? 'Shift+' : '') + event.key;
	const action = [...actions, ...more].find(a => a.keys.includes(name));
	if (!action)
		return;
	event.preventDefault();
	const button = action.id && document.getElementById('do-' + action.id);
	if (!button || !button.disabled)
		action.run(event.key);
}, true);

listen(newState => {
	if (!state)
		restore(newState.layout);
	const poweredOn = !state?.on && newState.on || newState.tick < (state?.tick ?? 0);
	state = newState;
	showHeader();
	if (state.on) {
		show();
		showExplore(state, poweredOn);
	}
}, showOutput);
