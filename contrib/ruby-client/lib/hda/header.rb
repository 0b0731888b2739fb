# frozen_string_literal: true

# The header of a dump: what only the parent knows. SPDX-License-Identifier: BSD-2-Clause
require "hda/host"
require "hda/trace"

module Hda
  module Header
    GC_KEYS = %i[count major_gc_count heap_live_slots heap_free_slots old_objects total_allocated_objects total_freed_objects
                 malloc_increase_bytes oldmalloc_increase_bytes heap_allocated_pages compact_count].freeze

    module_function

    # taken: jobs, job_mix and marks. born: monotonic seconds of the process's first job. memory: Host.memory of a moment ago.
    def build(identity, taken, born, seq, reason, memory)
      mono = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      h = identity.merge(taken)
      h.merge!("ppid" => Process.ppid, "ruby" => RUBY_VERSION, "platform" => RUBY_PLATFORM,
               "uptime_s" => mono - born, "mono" => mono, "time" => Process.clock_gettime(Process::CLOCK_REALTIME),
               "gc" => gc, "traced" => Trace.on?, "full" => false, "threads" => Thread.list.size, "reason" => reason, "seq" => seq, "mem" => memory)
      h["role"] = h.delete("prole")
      h["traced_since"] = Trace.since if Trace.on?
      h
    end

    def gc
      GC.stat.slice(*GC_KEYS)
    end
  end
end
