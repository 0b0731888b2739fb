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

    # Why the system would refuse another process to this one, in words; nil when it would not, as far as can be seen. It is asked
    # before a fork, because Ruby's own fork tries again without end when it is refused.
    def crowded(root = "/sys/fs/cgroup", said = read("/proc/self/cgroup"))
      full = pid_groups(root, said).find { |used, limit| limit && used >= limit }
      return "#{full[0]} of #{full[1]} processes in the control group" if full
      limit = Process.getrlimit(Process::RLIMIT_NPROC)[0]
      # Threads of the whole system: where these are fewer, nobody's own can be as many.
      return nil if Process.euid.zero? || limit == Process::RLIM_INFINITY || tasks_of_all < limit
      own = tasks_of(Process.uid)
      own >= limit ? "#{own} of #{limit} processes of this user" : nil
    end

    # [number, limit or nil] of the own group of processes and those above it.
    def pid_groups(root, said)
      path = said[/^\d+:[^:]*\bpids\b[^:]*:(.*)$/, 1] if said
      root, path = path ? ["#{root}/pids", path] : [root, said.to_s[/^0::(.*)$/, 1]]
      return [] unless path
      parts = path.split("/").reject(&:empty?)
      parts.size.downto(0).map { |n| count_and_limit([root, *parts.first(n)].join("/")) }.compact
    end

    def count_and_limit(dir)
      used = read("#{dir}/pids.current") or return nil
      max = read("#{dir}/pids.max").to_s.strip
      [used.to_i, max =~ /\A\d+\z/ ? max.to_i : nil]
    end

    def tasks_of_all
      read("/proc/loadavg").to_s[%r{/(\d+)}, 1].to_i
    end

    # Threads of all processes of a user, as far as /proc shows them.
    def tasks_of(uid)
      Dir.children("/proc").grep(/\A\d+\z/).sum do |pid|
        text = read("/proc/#{pid}/status").to_s
        text[/^Uid:\s+(\d+)/, 1].to_i == uid ? text[/^Threads:\s+(\d+)/, 1].to_i : 0
      end
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
