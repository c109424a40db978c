// THE LIST of receivers: a receiver is a file of its own and a line here.
export { kafka } from './receivers/kafka.ts'
export { otlpGrpc } from './receivers/otlp-grpc.ts'
export { otlpHttp } from './receivers/otlp-http.ts'
export { scrape } from './receivers/scrape.ts'
