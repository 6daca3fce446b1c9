//! The vocabularies of section 10: names and values. Whether a value outside is refused or warned of is said by [`super::Kind`].

/// A list of values under the name that the standard gives it.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) name: &'static str,
    /// The values, with single spaces between them.
    values: &'static str,
}

impl Vocabulary {
    pub(crate) fn holds(&self, value: &str) -> bool {
        self.values().any(|v| v == value)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &'static str> {
        self.values.split(' ')
    }
}

macro_rules! vocabularies {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $values:literal;)*) => {
        $($(#[$doc])* pub(crate) const $constant: Vocabulary = Vocabulary { name: $name, values: $values };)*

        #[cfg(test)]
        const ALL: &[&Vocabulary] = &[$(&$constant),*];
    };
}

vocabularies! {
    /// Section 10.1.
    ACCOUNT_TYPE = "account-type-ov",
        "facebook ldap nis openid radius skype tacacs twitter unix windows-local windows-domain";
    /// Section 10.2.
    ATTACK_MOTIVATION = "attack-motivation-ov",
        "accidental coercion dominance ideology notoriety organizational-gain personal-gain personal-satisfaction revenge unpredictable";
    /// Section 10.3.
    ATTACK_RESOURCE_LEVEL = "attack-resource-level-ov", "individual club contest team organization government";
    /// Section 10.4.
    ENCRYPTION_ALGORITHM = "encryption-algorithm-enum", "AES-256-GCM ChaCha20-Poly1305 mime-type-indicated";
    /// Section 10.5.
    EXTENSION_TYPE = "extension-type-enum", "new-sdo new-sco new-sro property-extension toplevel-property-extension";
    /// Section 10.6.
    GROUPING_CONTEXT = "grouping-context-ov", "suspicious-activity malware-analysis unspecified";
    /// Section 10.7.
    HASH_ALGORITHM = "hash-algorithm-ov", "MD5 SHA-1 SHA-256 SHA-512 SHA3-256 SHA3-512 SSDEEP TLSH";
    /// Section 10.8.
    IDENTITY_CLASS = "identity-class-ov", "individual group system organization class unknown";
    /// Section 10.9.
    IMPLEMENTATION_LANGUAGE = "implementation-language-ov",
        "applescript bash c c++ c# go java javascript lua objective-c perl php powershell python ruby rust scala swift typescript visual-basic x86-32 x86-64";
    /// Section 10.10.
    INDICATOR_TYPE = "indicator-type-ov",
        "anomalous-activity anonymization benign compromised malicious-activity attribution unknown";
    /// Section 10.11.
    INDUSTRY_SECTOR = "industry-sector-ov",
        "agriculture aerospace automotive chemical commercial communications construction defense education energy entertainment financial-services government emergency-services government-local government-national government-public-services government-regional healthcare hospitality-leisure infrastructure dams nuclear water insurance legal manufacturing mining non-profit pharmaceuticals retail technology telecommunications transportation utilities";
    /// Section 10.12.
    INFRASTRUCTURE_TYPE = "infrastructure-type-ov",
        "amplification anonymization botnet command-and-control control-system exfiltration firewall hosting-malware hosting-target-lists phishing reconnaissance routers-switches staging workstation unknown";
    /// Section 10.13.
    MALWARE_CAPABILITIES = "malware-capabilities-ov",
        "accesses-remote-machines anti-debugging anti-disassembly anti-emulation anti-memory-forensics anti-sandbox anti-vm captures-input-peripherals captures-output-peripherals captures-system-state-data cleans-traces-of-infection commits-fraud communicates-with-c2 compromises-data-availability compromises-data-integrity compromises-system-availability controls-local-machine degrades-security-software degrades-system-updates determines-c2-server emails-spam escalates-privileges evades-av exfiltrates-data fingerprints-host hides-artifacts hides-executing-code infects-files infects-remote-machines installs-other-components persists-after-system-reboot prevents-artifact-access prevents-artifact-deletion probes-network-environment self-modifies steals-authentication-credentials violates-system-operational-integrity";
    /// Section 10.14.
    MALWARE_RESULT = "malware-result-ov", "malicious suspicious benign unknown";
    /// Section 10.15.
    MALWARE_TYPE = "malware-type-ov",
        "adware backdoor bot bootkit ddos downloader dropper exploit-kit keylogger ransomware remote-access-trojan resource-exploitation rogue-security-software rootkit screen-capture spyware trojan unknown virus webshell wiper worm";
    /// Section 7.2.1.1.
    MARKING_TYPE = "definition_type", "statement tlp";
    /// Section 10.16.
    SOCKET_ADDRESS_FAMILY = "network-socket-address-family-enum",
        "AF_UNSPEC AF_INET AF_IPX AF_APPLETALK AF_NETBIOS AF_INET6 AF_IRDA AF_BTH";
    /// Section 10.17; the summary there has a slip for `SOCK_DGRAM`, which the table below it has right.
    SOCKET_TYPE = "network-socket-type-enum", "SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET";
    /// Section 10.18.
    OPINION = "opinion-enum", "strongly-disagree disagree neutral agree strongly-agree";
    /// Section 10.19.
    PATTERN_TYPE = "pattern-type-ov", "stix pcre sigma snort suricata yara";
    /// Section 10.20.
    PROCESSOR_ARCHITECTURE = "processor-architecture-ov", "alpha arm ia-64 mips powerpc sparc x86 x86-64";
    /// Section 10.21.
    REGION = "region-ov",
        "africa eastern-africa middle-africa northern-africa southern-africa western-africa americas caribbean central-america latin-america-caribbean northern-america south-america asia central-asia eastern-asia southern-asia south-eastern-asia western-asia europe eastern-europe northern-europe southern-europe western-europe oceania antarctica australia-new-zealand melanesia micronesia polynesia";
    /// Section 10.22.
    REPORT_TYPE = "report-type-ov",
        "attack-pattern campaign identity incident indicator intrusion-set malware observed-data threat-actor threat-report tool vulnerability";
    /// Section 10.23.
    THREAT_ACTOR_TYPE = "threat-actor-type-ov",
        "activist competitor crime-syndicate criminal hacker insider-accidental insider-disgruntled nation-state private-sector sensationalist spy terrorist unknown";
    /// Section 10.24.
    THREAT_ACTOR_ROLE = "threat-actor-role-ov",
        "agent director independent infrastructure-architect infrastructure-operator malware-author sponsor";
    /// Section 10.25.
    THREAT_ACTOR_SOPHISTICATION = "threat-actor-sophistication-ov",
        "none minimal intermediate advanced expert innovator strategic";
    /// Section 10.26.
    TOOL_TYPE = "tool-type-ov",
        "denial-of-service exploitation information-gathering network-capture credential-exploitation remote-access vulnerability-scanning unknown";
    /// Section 10.27.
    INTEGRITY_LEVEL = "windows-integrity-level-enum", "low medium high system";
    /// Section 10.28.
    PE_BINARY_TYPE = "windows-pebinary-type-ov", "dll exe sys";
    /// Section 10.29.
    REGISTRY_DATATYPE = "windows-registry-datatype-enum",
        "REG_NONE REG_SZ REG_EXPAND_SZ REG_BINARY REG_DWORD REG_DWORD_BIG_ENDIAN REG_DWORD_LITTLE_ENDIAN REG_LINK REG_MULTI_SZ REG_RESOURCE_LIST REG_FULL_RESOURCE_DESCRIPTION REG_RESOURCE_REQUIREMENTS_LIST REG_QWORD REG_INVALID_TYPE";
    /// Section 10.30.
    SERVICE_START_TYPE = "windows-service-start-type-enum",
        "SERVICE_AUTO_START SERVICE_BOOT_START SERVICE_DEMAND_START SERVICE_DISABLED SERVICE_SYSTEM_ALERT";
    /// Section 10.31.
    SERVICE_TYPE = "windows-service-type-enum",
        "SERVICE_KERNEL_DRIVER SERVICE_FILE_SYSTEM_DRIVER SERVICE_WIN32_OWN_PROCESS SERVICE_WIN32_SHARE_PROCESS";
    /// Section 10.32.
    SERVICE_STATUS = "windows-service-status-enum",
        "SERVICE_CONTINUE_PENDING SERVICE_PAUSE_PENDING SERVICE_PAUSED SERVICE_RUNNING SERVICE_START_PENDING SERVICE_STOP_PENDING SERVICE_STOPPED";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_single_words() {
        assert_eq!(ALL.len(), 33, "32 vocabularies of section 10, and the types of markings");
        for v in ALL {
            assert!(v.values().all(|value| !value.is_empty()), "{}", v.name);
            assert!(v.values().count() > 1, "{}", v.name);
        }
        assert_eq!(MALWARE_CAPABILITIES.values().count(), 37);
        assert!(REGION.holds("northern-america") && !REGION.holds("northern") && !REGION.holds(""));
    }
}
