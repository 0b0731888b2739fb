# frozen_string_literal: true

# What this process and this host are. SPDX-License-Identifier: BSD-2-Clause
require "socket"

module Hda
  # Everything is read from /proc and /sys; what a system does not say is left out.
  module Host
    NO_LIMIT = 1 << 60 # version 1 of control groups says "no limit" by a huge number

    module_function

    def read(path)
      File.binread(path)
    rescue SystemCallError, IOError
      nil
    end

    # Field 22 of /proc/self/stat: the command's name may hold blanks and brackets, so that fields count from the last ")".
    def start_time
      s = read("/proc/self/stat") or return 0
      s[(s.rindex(")") + 2)..-1].split(" ")[19].to_i
    end

    # Who this process is, as HELLO and BEGIN say it.
    def identity(config)
      { "pid" => Process.pid, "start" => start_time,
        "boot" => (read("/proc/sys/kernel/random/boot_id") || "").strip,
        "pidns" => pidns, "host" => Socket.gethostname, "app" => config.app, "prole" => config.role,
        "rev" => config.revision }
    end

    def pidns
      File.stat("/proc/self/ns/pid").ino
    rescue SystemCallError
      0
    end

    # Bytes, by name.
    def memory
      m = {}
      text = read("/proc/self/smaps_rollup") || read("/proc/self/status") || ""
      { "rss" => /^(?:Rss|VmRSS):\s+(\d+)/, "pss" => /^Pss:\s+(\d+)/, "swap" => /^(?:Swap|VmSwap):\s+(\d+)/ }.each do |k, re|
        m[k] = $1.to_i * 1024 if text =~ re
      end
      m.merge(cgroup)
    end

    # Resident bytes, cheaply (smaps_rollup walks all pages: that is the child's to do); nil when the system does not say.
    def rss
      text = read("/proc/self/status") or return nil
      text =~ /^VmRSS:\s+(\d+)/ ? $1.to_i * 1024 : nil
    end

    # The memory group that ends first, of the own one and those above it: usage and limit in bytes.
    def cgroup
      g = groups.min_by { |u| u[:limit] ? u[:limit] - u[:used] : NO_LIMIT } or return {}
      m = { "cgroup_usage" => g[:usage] }
      m["cgroup_limit"] = g[:limit] if g[:limit]
      m
    end

    # Bytes that this process could still use before the host or a control group has no more; nil when neither says.
    def free
      limited = groups.select { |g| g[:limit] }
      [available, *limited.map { |g| g[:limit] - g[:used] }].compact.min
    end

    # Bytes that the host could still give; nil when it does not say.
    def available
      text = read("/proc/meminfo") or return nil
      text =~ /^MemAvailable:\s+(\d+)/ ? $1.to_i * 1024 : nil
    end

    def groups(root = "/sys/fs/cgroup", said = read("/proc/self/cgroup"))
      if said =~ /^0::(.*)$/
        found = levels(root, $1, "memory.current", "memory.max", "inactive_file")
        return found unless found.empty?
      end
      return [] unless said =~ /^\d+:[^:]*\bmemory\b[^:]*:(.*)$/
      levels("#{root}/memory", $1, "memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file")
    end

    # The group at path and all above it. In a container the path may be the host's, that is not there: then the root stands for it.
    def levels(root, path, usage, limit, cache)
      parts = path.split("/").reject(&:empty?)
      parts.size.downto(0).map { |n| group([root, *parts.first(n)].join("/"), usage, limit, cache) }.compact
    end

    def group(dir, usage, limit, cache)
      bytes = read("#{dir}/#{usage}") or return nil
      max = read("#{dir}/#{limit}").to_s.strip
      max = max =~ /\A\d+\z/ && max.to_i < NO_LIMIT ? max.to_i : nil
      # Cached files that nobody used of late go before anybody is killed.
      idle = read("#{dir}/memory.stat").to_s[/^#{cache} (\d+)/, 1].to_i
      { usage: bytes.to_i, used: [bytes.to_i - idle, 0].max, limit: max }
    end
  end
end
