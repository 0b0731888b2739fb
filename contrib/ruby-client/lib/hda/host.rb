# frozen_string_literal: true

# What this process and this host are. SPDX-License-Identifier: BSD-2-Clause
require "socket"

module Hda
  module Host
    module_function

    def read(path)
      File.read(path)
    rescue SystemCallError, IOError
      nil
    end

    # Field 22 of /proc/self/stat: the command's name may hold blanks and brackets, so that fields count from the last ")".
    def start_time
      s = read("/proc/self/stat") or return 0
      s[(s.rindex(")") + 2)..-1].split(" ")[19].to_i
    end

    def identity(config)
      { "pid" => Process.pid, "start" => start_time,
        "boot" => (read("/proc/sys/kernel/random/boot_id") || "").strip,
        "pidns" => pidns, "host" => Socket.gethostname, "app" => config.app.to_s, "rev" => config.revision.to_s }
    end

    def pidns
      File.stat("/proc/self/ns/pid").ino
    rescue SystemCallError
      0
    end

    # Bytes, by name; what the system does not say is left out.
    def memory
      m = {}
      text = read("/proc/self/smaps_rollup") || read("/proc/self/status") || ""
      { "rss" => /^(?:Rss|VmRSS):\s+(\d+)/, "pss" => /^Pss:\s+(\d+)/, "swap" => /^(?:Swap|VmSwap):\s+(\d+)/ }.each do |k, re|
        m[k] = $1.to_i * 1024 if text =~ re
      end
      m.merge(cgroup)
    end

    def cgroup
      groups = read("/proc/self/cgroup") || ""
      if groups =~ /^0::(.*)$/
        dir = "/sys/fs/cgroup#{$1}"
        usage, limit = read("#{dir}/memory.current"), read("#{dir}/memory.max")
      end
      if usage.nil? && groups =~ /^\d+:[^:]*\bmemory\b[^:]*:(.*)$/
        dir = "/sys/fs/cgroup/memory#{$1}"
        usage, limit = read("#{dir}/memory.usage_in_bytes"), read("#{dir}/memory.limit_in_bytes")
      end
      m = {}
      m["cgroup_usage"] = usage.to_i if usage
      # "max", or v1's huge number: no limit.
      m["cgroup_limit"] = limit.to_i if limit && limit.strip != "max" && limit.to_i < (1 << 60)
      m
    end

    # Bytes that the host could still give; nil when it does not say.
    def available
      text = read("/proc/meminfo") or return nil
      text =~ /^MemAvailable:\s+(\d+)/ ? $1.to_i * 1024 : nil
    end
  end
end
