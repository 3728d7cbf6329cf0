import { readdirSync, readFileSync } from 'node:fs'
import type { MetricRegistry, Reading } from '../../base/metrics.ts'

/** What every Prometheus client tells of its process and its runtime, under the names that they share. */
export function addProcessMetrics(registry: MetricRegistry): void {
  const gauge = (name: string, help: string, read: () => number) =>
    registry.reads('gauge', { name, help }, () => [{ value: read() }])
  const counter = (name: string, help: string, read: () => number) =>
    registry.reads('counter', { name, help }, () => [{ value: read() }])

  counter('process_cpu_seconds_total', 'User and system time spent.', cpuSeconds)
  gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', () => performance.timeOrigin / 1000)
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss())
  gauge('process_virtual_memory_bytes', 'Virtual memory.', () => statusField('VmSize') * 1024)
  gauge('process_open_fds', 'Open file descriptors.', () => readdirSync('/proc/self/fd').length)
  gauge('process_max_fds', 'How many file descriptors may be open.', maxDescriptors)
  gauge('nodejs_heap_size_total_bytes', 'Heap taken from the system.', () => process.memoryUsage().heapTotal)
  gauge('nodejs_heap_size_used_bytes', 'Heap in use.', () => process.memoryUsage().heapUsed)
  gauge('nodejs_external_memory_bytes', 'Memory outside of the heap.', () => process.memoryUsage().external)
  counter(
    'nodejs_eventloop_active_seconds_total',
    'Time in which the event loop was not waiting.',
    () => performance.eventLoopUtilization().active / 1000,
  )
  registry.reads(
    'gauge',
    { name: 'nodejs_version_info', help: 'Always 1; its labels say what runs.', labels: ['version'] },
    (): Reading[] => [{ labels: [process.version], value: 1 }],
  )
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** A number of /proc/self/status (proc_pid_status(5)). */
function statusField(name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}

/** The soft limit (proc_pid_limits(5)). */
function maxDescriptors(): number {
  const limit = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit === 'unlimited' ? Infinity : Number(limit)
}
