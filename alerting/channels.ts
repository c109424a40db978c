// THE LIST of channels: who can be told of alerts and incidents. A new one is a file in channels/ and a line here.
export { alertmanager } from './channels/alertmanager.ts'
export { elasticsearch } from './channels/elasticsearch.ts'
export { webhook } from './channels/webhook.ts'
